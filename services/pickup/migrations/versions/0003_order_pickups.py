"""which pickup an order has at a place, in a table of its own"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STATEMENTS = (
    """CREATE TABLE order_pickups (
        order_id text COLLATE "C" NOT NULL, location_id text COLLATE "C" NOT NULL, pickup_id uuid NOT NULL,
        PRIMARY KEY (order_id, location_id))""",
    """INSERT INTO order_pickups (order_id, location_id, pickup_id)
        SELECT order_id, location_id, pickup_id FROM pickups""",
    "DROP INDEX ix_pickups_order_id",
    "CREATE INDEX ix_pickups_order_id ON pickups (order_id)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("Zaiko's schemas go forward: restore a backup instead")
