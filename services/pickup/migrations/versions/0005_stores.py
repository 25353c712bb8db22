"""stores and their slots"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

STATEMENTS = (
    """CREATE TABLE stores (
        location_id text COLLATE "C" PRIMARY KEY, opening_hours jsonb NOT NULL, exceptions jsonb NOT NULL,
        pickers integer NOT NULL CHECK (pickers > 0),
        seconds_per_order double precision NOT NULL CHECK (seconds_per_order >= 0),
        seconds_per_line double precision NOT NULL CHECK (seconds_per_line >= 0),
        slot_capacity integer CHECK (slot_capacity >= 0), changed_at timestamptz NOT NULL)""",
    """CREATE TABLE slots (
        location_id text COLLATE "C" NOT NULL, starts_at timestamptz NOT NULL,
        taken integer NOT NULL CHECK (taken >= 0), PRIMARY KEY (location_id, starts_at))""",
    """CREATE TABLE order_slots (
        order_id text COLLATE "C" PRIMARY KEY, location_id text COLLATE "C" NOT NULL, starts_at timestamptz NOT NULL,
        state text NOT NULL CHECK (state IN ('taken', 'refused', 'free_again')))""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("Zaiko's schemas go forward: restore a backup instead")
