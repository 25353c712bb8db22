"""the outbox in bundles"""

from shared.migration import bundle_outbox

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    bundle_outbox()


def downgrade() -> None:
    raise NotImplementedError("Zaiko's schemas go forward: restore a backup instead")
