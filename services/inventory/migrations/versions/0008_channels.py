"""channels and what they may see of the stock; groups of locations that they speak of"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

STATEMENTS = (
    """ALTER TABLE locations ADD COLUMN groups text[] COLLATE "C" NOT NULL DEFAULT '{}'""",
    """CREATE TABLE channels (
        channel text COLLATE "C" PRIMARY KEY, name text NOT NULL, open boolean NOT NULL, hold_seconds integer,
        limits jsonb NOT NULL, updated_at timestamptz NOT NULL)""",
    """CREATE TABLE cap_promises (
        cap_id uuid NOT NULL, sku text COLLATE "C" NOT NULL, channel text COLLATE "C" NOT NULL,
        promised bigint NOT NULL DEFAULT 0 CHECK (promised >= 0), PRIMARY KEY (cap_id, sku)) WITH (fillfactor = 60)""",
    "ALTER TABLE reservation_lines ADD COLUMN cap_id uuid",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("Zaiko's schemas go forward: restore a backup instead")
