"""pick rounds, where a bag stands, who came for it, and how it was"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

STATEMENTS = (
    """ALTER TABLE pickups
        ADD COLUMN bag_location text, ADD COLUMN collector text, ADD COLUMN collected_by text,
        ADD COLUMN round_id uuid,
        ADD COLUMN stars integer CHECK (stars BETWEEN 1 AND 5), ADD COLUMN words text,
        ADD COLUMN rated_at timestamptz""",
    "CREATE INDEX ix_pickups_round_id ON pickups (round_id) WHERE round_id IS NOT NULL",
    """CREATE INDEX ix_pickups_ratings ON pickups (location_id, rated_at, pickup_id) INCLUDE (stars)
        WHERE rated_at IS NOT NULL""",
    """CREATE TABLE pick_rounds (
        round_id uuid PRIMARY KEY, location_id text COLLATE "C" NOT NULL, begun_at timestamptz NOT NULL)""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("Zaiko's schemas go forward: restore a backup instead")
