"""places that have failed an order, by item: they are not asked again"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE orders ADD COLUMN failed_places jsonb")
    op.execute("COMMENT ON COLUMN orders.failed_places IS 'item → the places that have failed it, in their order'")


def downgrade() -> None:
    raise NotImplementedError("Zaiko's schemas go forward: restore a backup instead")
