"""the receipt of a return that a till took, and returns that were told before their units were handed over"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

STATEMENTS = (
    "ALTER TABLE returns ADD COLUMN till_id text, ADD COLUMN receipt_id text",
    """CREATE TABLE returns_ahead (
        order_id uuid NOT NULL, source text COLLATE "C" NOT NULL, event_id text COLLATE "C" NOT NULL,
        sku text COLLATE "C" NOT NULL, condition text COLLATE "C" NOT NULL,
        quantity bigint NOT NULL CHECK (quantity > 0), location_id text COLLATE "C" NOT NULL, till_id text NOT NULL,
        receipt_id text NOT NULL, noted_at timestamptz NOT NULL, due_at timestamptz NOT NULL,
        PRIMARY KEY (order_id, source, event_id, sku, condition))""",
    "CREATE INDEX ix_returns_ahead_due_at ON returns_ahead (due_at)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("Zaiko's schemas go forward: restore a backup instead")
