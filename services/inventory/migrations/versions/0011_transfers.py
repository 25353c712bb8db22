"""promised units that travel to the store where they are collected"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE reservation_lines ADD COLUMN in_transit bigint NOT NULL DEFAULT 0")


def downgrade() -> None:
    raise NotImplementedError("Zaiko's schemas go forward: restore a backup instead")
