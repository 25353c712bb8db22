"""when a bag was found late and its customer is reminded; webhooks and their deliveries"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

STATEMENTS = (
    """ALTER TABLE pickups ADD COLUMN late_at timestamptz, ADD COLUMN remind_at timestamptz,
        ADD COLUMN reminded_at timestamptz""",
    # A bag that was late before anybody looked is not told of now, days later.
    "UPDATE pickups SET late_at = due_at WHERE state IN ('requested', 'picking') AND due_at < now()",
    """CREATE INDEX ix_pickups_not_yet_late ON pickups (due_at)
        WHERE state IN ('requested', 'picking') AND late_at IS NULL""",
    "CREATE INDEX ix_pickups_remind_at ON pickups (remind_at) WHERE state = 'ready' AND reminded_at IS NULL",
    """CREATE TABLE webhooks (
        webhook_id text COLLATE "C" PRIMARY KEY, url text NOT NULL, event_types text[] NOT NULL,
        secret text NOT NULL, previous_secret text, previous_secret_until timestamptz,
        is_enabled boolean NOT NULL, enabled_at timestamptz NOT NULL, disabled_at timestamptz, disabled_reason text,
        failing_since timestamptz, paused_until timestamptz, created_at timestamptz NOT NULL)""",
    """CREATE TABLE webhook_deliveries (
        webhook_id text COLLATE "C" NOT NULL, delivery_id uuid NOT NULL,
        event_source text COLLATE "C" NOT NULL, event_id text COLLATE "C" NOT NULL, event_type text NOT NULL,
        body bytea NOT NULL, state text NOT NULL DEFAULT 'pending', attempts integer NOT NULL DEFAULT 0,
        next_attempt_at timestamptz, created_at timestamptz NOT NULL, last_attempt_at timestamptz,
        last_status integer, last_error text, closed_at timestamptz,
        PRIMARY KEY (webhook_id, delivery_id))""",
    """CREATE UNIQUE INDEX ix_webhook_deliveries_event
        ON webhook_deliveries (webhook_id, event_source, event_id)""",
    """CREATE INDEX ix_webhook_deliveries_next_attempt_at ON webhook_deliveries (webhook_id, next_attempt_at)
        WHERE state = 'pending'""",
    "CREATE INDEX ix_webhook_deliveries_closed_at ON webhook_deliveries (closed_at) WHERE state <> 'pending'",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("Zaiko's schemas go forward: restore a backup instead")
