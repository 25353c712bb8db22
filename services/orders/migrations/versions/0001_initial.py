"""orders, lines, allocations, timeline, shipments, returns, locations"""

from alembic import op

from shared.migration import create_shared_tables_v1

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STATEMENTS = (
    # Rows of an order are updated a few times soon after they are made: room on the page keeps those updates in place.
    """CREATE TABLE orders (
        order_id uuid PRIMARY KEY, channel text COLLATE "C" NOT NULL, external_id text COLLATE "C",
        member_id text COLLATE "C", currency text NOT NULL, method text NOT NULL, fulfilment jsonb NOT NULL,
        state text NOT NULL, reservation_id text, bag integer NOT NULL DEFAULT 0, shortages jsonb,
        created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL) WITH (fillfactor = 70)""",
    "COMMENT ON COLUMN orders.bag IS '0 none, 1 picking, 2 ready, 3 closed'",
    "CREATE UNIQUE INDEX ix_orders_external_id ON orders (channel, external_id)",
    "CREATE INDEX ix_orders_state ON orders (state, order_id)",
    "CREATE INDEX ix_orders_member_id ON orders (member_id, order_id) WHERE member_id IS NOT NULL",
    """CREATE TABLE order_lines (
        order_id uuid NOT NULL, sku text COLLATE "C" NOT NULL, place integer NOT NULL,
        quantity bigint NOT NULL, unit_price bigint NOT NULL, cancelled bigint NOT NULL DEFAULT 0,
        handed_over bigint NOT NULL DEFAULT 0, returned bigint NOT NULL DEFAULT 0,
        PRIMARY KEY (order_id, sku),
        CHECK (cancelled >= 0 AND handed_over >= 0 AND cancelled + handed_over <= quantity),
        CHECK (returned >= 0 AND returned <= handed_over)) WITH (fillfactor = 70)""",
    "COMMENT ON COLUMN order_lines.unit_price IS 'minor units of the order''s currency'",
    """CREATE TABLE allocations (
        order_id uuid NOT NULL, sku text COLLATE "C" NOT NULL, location_id text COLLATE "C" NOT NULL,
        quantity bigint NOT NULL, cancelled bigint NOT NULL DEFAULT 0, handed_over bigint NOT NULL DEFAULT 0,
        PRIMARY KEY (order_id, sku, location_id),
        CHECK (cancelled >= 0 AND handed_over >= 0 AND cancelled + handed_over <= quantity)) WITH (fillfactor = 70)""",
    """CREATE TABLE timeline (
        order_id uuid NOT NULL, entry_id bigint GENERATED ALWAYS AS IDENTITY, state text NOT NULL,
        at timestamptz NOT NULL, cause text NOT NULL, reason text, PRIMARY KEY (order_id, entry_id))""",
    "COMMENT ON COLUMN timeline.cause IS 'an event type or a command'",
    """CREATE TABLE shipments (
        shipment_id uuid PRIMARY KEY, order_id uuid NOT NULL, location_id text COLLATE "C" NOT NULL,
        lines jsonb NOT NULL, carrier text, tracking text, shipped_at timestamptz NOT NULL)""",
    "CREATE INDEX ix_shipments_order_id ON shipments (order_id)",
    """CREATE TABLE returns (
        return_id uuid PRIMARY KEY, order_id uuid NOT NULL, location_id text COLLATE "C" NOT NULL,
        lines jsonb NOT NULL, reason text, returned_at timestamptz NOT NULL)""",
    "CREATE INDEX ix_returns_order_id ON returns (order_id)",
    """CREATE TABLE locations (
        location_id text COLLATE "C" PRIMARY KEY, kind text NOT NULL,
        latitude double precision, longitude double precision,
        ships boolean NOT NULL, offers_pickup boolean NOT NULL,
        changed_at timestamptz NOT NULL, event_id text COLLATE "C" NOT NULL,
        version bigint GENERATED ALWAYS AS IDENTITY)""",
    "COMMENT ON COLUMN locations.version IS 'grows with every change'",
    """CREATE TABLE counted_events (
        order_id uuid NOT NULL, source text COLLATE "C" NOT NULL, event_id text COLLATE "C" NOT NULL,
        PRIMARY KEY (order_id, source, event_id))""",
)


def upgrade() -> None:
    create_shared_tables_v1()
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("Zaiko's schemas go forward: restore a backup instead")
