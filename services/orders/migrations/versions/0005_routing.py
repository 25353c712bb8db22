"""routing policies and capacities as data; groups and time zones of locations; when a place was promised from"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

STATEMENTS = (
    "ALTER TABLE locations ADD groups text[] NOT NULL DEFAULT '{}', ADD time_zone text",
    "ALTER TABLE allocations ADD promised_at timestamptz",
    "CREATE INDEX ix_allocations_promised_at ON allocations (location_id, promised_at)",
    """CREATE TABLE routing_policies (
        channel text COLLATE "C" PRIMARY KEY, policy jsonb NOT NULL, updated_at timestamptz NOT NULL,
        version bigint GENERATED ALWAYS AS IDENTITY)""",
    "COMMENT ON COLUMN routing_policies.version IS 'grows with every change'",
    """CREATE TABLE fulfilment_capacities (
        location_id text COLLATE "C" PRIMARY KEY, orders_per_day integer, cost_amount bigint, cost_currency text,
        updated_at timestamptz NOT NULL, version bigint GENERATED ALWAYS AS IDENTITY)""",
    "COMMENT ON COLUMN fulfilment_capacities.cost_amount IS 'of a parcel, in minor units'",
    "COMMENT ON COLUMN fulfilment_capacities.version IS 'grows with every change'",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("Zaiko's schemas go forward: restore a backup instead")
