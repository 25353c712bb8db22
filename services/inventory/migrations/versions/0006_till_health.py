"""tills with their epochs, the gaps in what they numbered, their silence and their clocks"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

STATEMENTS = (
    """ALTER TABLE tills
        ADD COLUMN till text COLLATE "C",
        ADD COLUMN numbered_events bigint NOT NULL DEFAULT 0,
        ADD COLUMN reused_sequences bigint NOT NULL DEFAULT 0, ADD COLUMN reused_at timestamptz,
        ADD COLUMN silent_since timestamptz,
        ADD COLUMN skew_this_window double precision, ADD COLUMN skew_last_window double precision,
        ADD COLUMN skew_since timestamptz NOT NULL DEFAULT now()""",
    # Of what was numbered before nothing is known but the numbers: each is taken to have been used once.
    """UPDATE tills SET
        till = regexp_replace(source, '^(/locations/[^/]+/tills/[^/]{1,64})/epochs/[A-Za-z0-9._-]{1,64}$', '\\1'),
        numbered_events = last_sequence
            - (SELECT coalesce(sum(upper(part) - lower(part)), 0) FROM unnest(missing) AS part)""",
    "ALTER TABLE tills ALTER COLUMN till SET NOT NULL",
    "ALTER TABLE tills ALTER COLUMN numbered_events DROP DEFAULT, ALTER COLUMN skew_since DROP DEFAULT",
    "ALTER TABLE tills DROP CONSTRAINT tills_pkey, ADD PRIMARY KEY (till, source)",
    """CREATE TABLE till_gaps (
        till text COLLATE "C" NOT NULL, source text COLLATE "C" NOT NULL, first_missing bigint NOT NULL,
        missing int8multirange NOT NULL, open_since timestamptz NOT NULL, reported_at timestamptz,
        PRIMARY KEY (till, source, first_missing))""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("Zaiko's schemas go forward: restore a backup instead")
