"""what other places send to the store where an order is collected"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

STATEMENTS = (
    "ALTER TABLE pickups ADD COLUMN ship_to_store boolean NOT NULL DEFAULT false",
    "ALTER TABLE pickup_lines ADD COLUMN arriving bigint NOT NULL DEFAULT 0",
    # Where nothing is collected, goods are sent from; the next word about a location says it for certain.
    "ALTER TABLE locations ADD COLUMN ships boolean NOT NULL DEFAULT false",
    "UPDATE locations SET ships = NOT offers_pickup",
    """CREATE TABLE transfers (
        pickup_id uuid NOT NULL, transfer_id uuid NOT NULL,
        from_location_id text COLLATE "C" NOT NULL, to_location_id text COLLATE "C" NOT NULL,
        lines jsonb NOT NULL, due_at timestamptz NOT NULL, requested_at timestamptz NOT NULL,
        state text NOT NULL, sent_at timestamptz, closed_at timestamptz, PRIMARY KEY (pickup_id, transfer_id))""",
    "CREATE INDEX ix_transfers_transfer_id ON transfers (transfer_id)",
    "CREATE INDEX ix_transfers_from ON transfers (from_location_id, state, due_at, transfer_id)",
    "CREATE INDEX ix_transfers_to ON transfers (to_location_id, state, due_at, transfer_id)",
    "CREATE INDEX ix_transfers_due_at ON transfers (due_at, transfer_id)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("Zaiko's schemas go forward: restore a backup instead")
