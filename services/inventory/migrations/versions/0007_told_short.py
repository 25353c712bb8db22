"""open units whose order was told that no place has them, and lines whose units have all been moved elsewhere"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


STATEMENTS = (
    "ALTER TABLE reservation_lines ADD COLUMN told_short bigint NOT NULL DEFAULT 0",
    """ALTER TABLE reservation_lines DROP CONSTRAINT reservation_lines_quantity_check,
        ADD CONSTRAINT reservation_lines_quantity_check CHECK (quantity >= 0)""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("Zaiko's schemas go forward: restore a backup instead")
