"""locations, items, levels, the ledger, reservations, tills"""

from alembic import op

from shared.migration import create_shared_tables_v1

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STATEMENTS = (
    """CREATE TABLE locations (
        location_id text COLLATE "C" PRIMARY KEY, name text NOT NULL, kind text NOT NULL,
        latitude double precision, longitude double precision, time_zone text, gln text,
        ships boolean NOT NULL, offers_pickup boolean NOT NULL, updated_at timestamptz NOT NULL DEFAULT now())""",
    """CREATE TABLE items (
        sku text COLLATE "C" PRIMARY KEY, name text NOT NULL, gtin text, attributes jsonb NOT NULL,
        listed boolean NOT NULL, updated_at timestamptz NOT NULL DEFAULT now())""",
    # Levels are updated all the time and never in an indexed column: room on the page keeps those updates in place.
    """CREATE TABLE levels (
        sku text COLLATE "C" NOT NULL, location_id text COLLATE "C" NOT NULL,
        on_hand bigint NOT NULL DEFAULT 0, reserved bigint NOT NULL DEFAULT 0, safety_stock bigint NOT NULL DEFAULT 0,
        damaged bigint NOT NULL DEFAULT 0, in_transit bigint NOT NULL DEFAULT 0,
        announced_shortfall bigint NOT NULL DEFAULT 0, updated_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (sku, location_id), CHECK (reserved >= 0), CHECK (safety_stock >= 0)) WITH (fillfactor = 60)""",
    "CREATE INDEX ix_levels_location_id ON levels (location_id, sku)",
    """CREATE TABLE ledger (
        entry_id bigint GENERATED ALWAYS AS IDENTITY,
        location_id text COLLATE "C" NOT NULL, sku text COLLATE "C" NOT NULL,
        source text COLLATE "C" NOT NULL, event_id text COLLATE "C" NOT NULL, line integer NOT NULL,
        kind text NOT NULL, out_of text NOT NULL, "into" text NOT NULL,
        quantity bigint NOT NULL CHECK (quantity >= 0), shelf_change bigint NOT NULL, counted bigint,
        balance bigint NOT NULL, to_location_id text COLLATE "C",
        restated_source text COLLATE "C", restated_event_id text COLLATE "C", restated_line integer,
        reference text, reason text, actor text NOT NULL,
        occurred_at timestamptz NOT NULL, recorded_at timestamptz NOT NULL,
        PRIMARY KEY (location_id, source, event_id, line, kind), CHECK (out_of <> "into"))""",
    "CREATE INDEX ix_ledger_history ON ledger (sku, location_id, occurred_at, entry_id)",
    "CREATE INDEX ix_ledger_counts ON ledger (sku, location_id, occurred_at) WHERE kind = 'count'",
    """CREATE TABLE reservations (
        reservation_id uuid PRIMARY KEY, reference text NOT NULL, channel text NOT NULL, state text NOT NULL,
        order_id text, expires_at timestamptz, created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL)""",
    "COMMENT ON COLUMN reservations.order_id IS 'the order that this promise is for, once there is one'",
    "CREATE UNIQUE INDEX ix_reservations_order_id ON reservations (order_id) WHERE order_id IS NOT NULL",
    "CREATE INDEX ix_reservations_expires_at ON reservations (expires_at) WHERE state = 'held'",
    """CREATE TABLE reservation_lines (
        reservation_id uuid NOT NULL, sku text COLLATE "C" NOT NULL, location_id text COLLATE "C" NOT NULL,
        quantity bigint NOT NULL CHECK (quantity > 0), open bigint NOT NULL CHECK (open >= 0),
        fulfilled bigint NOT NULL DEFAULT 0 CHECK (fulfilled >= 0), available bigint NOT NULL,
        PRIMARY KEY (reservation_id, sku, location_id), CHECK (open + fulfilled <= quantity))""",
    "CREATE INDEX ix_reservation_lines_open ON reservation_lines (sku, location_id) WHERE open > 0",
    """CREATE TABLE reservation_commands (
        reservation_id uuid NOT NULL, source text COLLATE "C" NOT NULL, event_id text COLLATE "C" NOT NULL,
        command text NOT NULL, recorded_at timestamptz NOT NULL,
        PRIMARY KEY (reservation_id, source, event_id))""",
    """CREATE TABLE tills (
        source text COLLATE "C" PRIMARY KEY, location_id text COLLATE "C" NOT NULL,
        last_sequence bigint NOT NULL, missing int8multirange NOT NULL,
        last_seen_at timestamptz NOT NULL, last_event_at timestamptz NOT NULL)""",
)


def upgrade() -> None:
    create_shared_tables_v1()
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("Zaiko's schemas go forward: restore a backup instead")
