"""what came back of each receipt, and without one; what tills told before counts as well"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

STATEMENTS = (
    """CREATE TABLE receipt_returns (
        location_id text COLLATE "C" NOT NULL, till_id text COLLATE "C" NOT NULL, receipt_id text COLLATE "C" NOT NULL,
        sku text COLLATE "C" NOT NULL, source text COLLATE "C" NOT NULL, event_id text COLLATE "C" NOT NULL,
        line integer NOT NULL, quantity bigint NOT NULL CHECK (quantity > 0),
        returned_to text COLLATE "C" NOT NULL, names_sale boolean NOT NULL, returnable bigint,
        excess bigint NOT NULL DEFAULT 0, noted_at timestamptz NOT NULL, due_at timestamptz NOT NULL,
        judged_at timestamptz, PRIMARY KEY (location_id, till_id, receipt_id, sku, source, event_id, line))""",
    "CREATE INDEX ix_receipt_returns_due_at ON receipt_returns (due_at) WHERE judged_at IS NULL",
    """CREATE TABLE returns_without_receipt (
        sku text COLLATE "C" NOT NULL, return_id uuid NOT NULL, line integer NOT NULL,
        location_id text COLLATE "C" NOT NULL, quantity bigint NOT NULL CHECK (quantity > 0),
        returnable bigint NOT NULL, returned_at timestamptz NOT NULL, PRIMARY KEY (sku, return_id, line))""",
    # An entry does not hold its till's name, but its source does, where tills are named as the contract has it.
    """INSERT INTO receipt_returns (location_id, till_id, receipt_id, sku, source, event_id, line, quantity,
            returned_to, names_sale, noted_at, due_at)
        SELECT location_id, substring(source FROM '^/locations/[^/]+/tills/([^/]+)'), reference, sku, source, event_id,
            line, quantity, location_id, false, recorded_at, recorded_at
        FROM ledger
        WHERE kind IN ('return', 'damaged_return', 'void') AND reference IS NOT NULL AND quantity > 0
            AND source ~ '^/locations/[^/]+/tills/[^/]{1,64}(/epochs/[A-Za-z0-9._-]{1,64})?$'""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("Zaiko's schemas go forward: restore a backup instead")
