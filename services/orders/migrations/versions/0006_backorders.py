"""orders that would wait for goods, and what they wait for"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE orders ADD COLUMN backorder boolean NOT NULL DEFAULT false, ADD COLUMN awaited jsonb")
    op.execute("COMMENT ON COLUMN orders.awaited IS 'what is still to come, and by when'")


def downgrade() -> None:
    raise NotImplementedError("Zaiko's schemas go forward: restore a backup instead")
