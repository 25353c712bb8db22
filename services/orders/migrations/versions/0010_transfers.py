"""what inventory has said of cancelled units, where goods are sent to the store of an order"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE allocations ADD COLUMN released bigint NOT NULL DEFAULT 0")


def downgrade() -> None:
    raise NotImplementedError("Zaiko's schemas go forward: restore a backup instead")
