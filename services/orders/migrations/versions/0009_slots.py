"""slots, and reasons of a rejection that are not stock"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE orders ADD COLUMN slot text CHECK (slot IN ('wanted', 'taken', 'refused'))")
    op.execute("ALTER TABLE orders ADD COLUMN rejection jsonb")


def downgrade() -> None:
    raise NotImplementedError("Zaiko's schemas go forward: restore a backup instead")
