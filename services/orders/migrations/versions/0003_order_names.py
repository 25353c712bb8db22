"""names of orders in a table of their own, and every key of an order's table begins with the order"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STATEMENTS = (
    """CREATE TABLE order_names (
        channel text COLLATE "C" NOT NULL, external_id text COLLATE "C" NOT NULL, order_id uuid NOT NULL,
        PRIMARY KEY (channel, external_id))""",
    """INSERT INTO order_names (channel, external_id, order_id)
        SELECT channel, external_id, order_id FROM orders WHERE external_id IS NOT NULL""",
    "DROP INDEX ix_orders_external_id",
    "CREATE INDEX ix_orders_external_id ON orders (external_id, order_id) WHERE external_id IS NOT NULL",
    "ALTER TABLE shipments DROP CONSTRAINT shipments_pkey, ADD PRIMARY KEY (order_id, shipment_id)",
    "DROP INDEX ix_shipments_order_id",
    "ALTER TABLE returns DROP CONSTRAINT returns_pkey, ADD PRIMARY KEY (order_id, return_id)",
    "DROP INDEX ix_returns_order_id",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("Zaiko's schemas go forward: restore a backup instead")
