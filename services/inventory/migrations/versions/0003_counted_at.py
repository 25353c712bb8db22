"""levels know when they were last counted"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE levels ADD counted_at timestamptz")
    op.execute("COMMENT ON COLUMN levels.counted_at IS 'the instant of the latest count that is known'")
    op.execute(
        """
        UPDATE levels SET counted_at = latest.counted_at
        FROM (SELECT sku, location_id, max(occurred_at) AS counted_at FROM ledger WHERE kind = 'count' GROUP BY 1, 2)
            AS latest
        WHERE levels.sku = latest.sku AND levels.location_id = latest.location_id
        """
    )


def downgrade() -> None:
    raise NotImplementedError("Zaiko's schemas go forward: restore a backup instead")
