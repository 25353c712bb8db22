"""locations, pickups, cancellations"""

from alembic import op

from shared.migration import create_shared_tables_v1

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STATEMENTS = (
    """CREATE TABLE locations (
        location_id text COLLATE "C" PRIMARY KEY, name text NOT NULL,
        latitude double precision, longitude double precision, time_zone text,
        offers_pickup boolean NOT NULL, changed_at timestamptz NOT NULL, event_id text COLLATE "C" NOT NULL)""",
    """CREATE TABLE pickups (
        pickup_id uuid PRIMARY KEY, order_id text COLLATE "C" NOT NULL, reservation_id text NOT NULL,
        location_id text COLLATE "C" NOT NULL, state text NOT NULL,
        due_at timestamptz NOT NULL, requested_at timestamptz NOT NULL, started_at timestamptz,
        ready_at timestamptz, held_until timestamptz, closed_at timestamptz,
        code text, wrong_tries integer NOT NULL DEFAULT 0, locked_until timestamptz, reason text)""",
    "CREATE UNIQUE INDEX ix_pickups_order_id ON pickups (order_id, location_id)",
    "CREATE INDEX ix_pickups_work_list ON pickups (location_id, state, due_at, pickup_id)",
    "CREATE INDEX ix_pickups_due_at ON pickups (due_at, pickup_id)",
    "CREATE INDEX ix_pickups_held_until ON pickups (held_until) WHERE state = 'ready'",
    """CREATE TABLE pickup_lines (
        pickup_id uuid NOT NULL, sku text COLLATE "C" NOT NULL,
        quantity bigint NOT NULL CHECK (quantity > 0), picked bigint NOT NULL DEFAULT 0 CHECK (picked >= 0),
        short bigint NOT NULL DEFAULT 0 CHECK (short >= 0), cancelled bigint NOT NULL DEFAULT 0 CHECK (cancelled >= 0),
        echo_due bigint NOT NULL DEFAULT 0 CHECK (echo_due >= 0),
        PRIMARY KEY (pickup_id, sku), CHECK (picked + short + cancelled <= quantity))""",
    """CREATE TABLE cancellations (
        source text COLLATE "C" NOT NULL, event_id text COLLATE "C" NOT NULL,
        order_id text COLLATE "C" NOT NULL, recorded_at timestamptz NOT NULL,
        PRIMARY KEY (source, event_id))""",
)


def upgrade() -> None:
    create_shared_tables_v1()
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("Zaiko's schemas go forward: restore a backup instead")
