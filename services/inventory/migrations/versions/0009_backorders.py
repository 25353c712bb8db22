"""what is expected, what is promised from it, and the units that levels owe to such promises"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


STATEMENTS = (
    "ALTER TABLE levels ADD COLUMN awaited bigint NOT NULL DEFAULT 0 CHECK (awaited >= 0)",
    "COMMENT ON COLUMN levels.awaited IS 'units owed to backorders'",
    """CREATE TABLE incoming (
        incoming_id text COLLATE "C" PRIMARY KEY, location_id text COLLATE "C" NOT NULL, sku text COLLATE "C" NOT NULL,
        quantity bigint NOT NULL CHECK (quantity > 0), received bigint NOT NULL DEFAULT 0 CHECK (received >= 0),
        expected_at timestamptz NOT NULL, available_from timestamptz, updated_at timestamptz NOT NULL)""",
    "CREATE INDEX ix_incoming_open ON incoming (sku, location_id) WHERE received < quantity",
    """CREATE TABLE backorder_lines (
        reservation_id uuid NOT NULL, sku text COLLATE "C" NOT NULL, location_id text COLLATE "C" NOT NULL,
        quantity bigint NOT NULL CHECK (quantity > 0), open bigint NOT NULL CHECK (open >= 0),
        expected bigint NOT NULL, promised_at timestamptz NOT NULL, promised_by timestamptz,
        PRIMARY KEY (reservation_id, sku, location_id), CHECK (open <= quantity))""",
    """CREATE INDEX ix_backorder_lines_open ON backorder_lines (sku, location_id, promised_at, reservation_id)
        WHERE open > 0""",
    """CREATE TABLE backorder_looks (
        location_id text COLLATE "C" NOT NULL, sku text COLLATE "C" NOT NULL, PRIMARY KEY (location_id, sku))""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("Zaiko's schemas go forward: restore a backup instead")
