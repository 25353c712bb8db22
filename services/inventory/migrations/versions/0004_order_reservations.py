"""that an order has one reservation is said in a table of its own, split by the order"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

STATEMENTS = (
    "CREATE TABLE order_reservations (order_id text PRIMARY KEY, reservation_id uuid NOT NULL)",
    """INSERT INTO order_reservations
        SELECT order_id, reservation_id FROM reservations WHERE order_id IS NOT NULL""",
    "DROP INDEX ix_reservations_order_id",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("Zaiko's schemas go forward: restore a backup instead")
