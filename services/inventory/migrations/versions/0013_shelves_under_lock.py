"""shelves locked, and what the ledger has of the facts that touch them, in one round trip"""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE FUNCTION lock_shelves(
            of_location_ids text[], of_skus text[], cause_location_ids text[], cause_sources text[], cause_ids text[])
        RETURNS TABLE (recorded bigint, location_id text, sku text, transaction_id text, on_hand bigint,
            reserved bigint, safety_stock bigint, awaited bigint, damaged bigint, in_transit bigint, announced_shortfall bigint,
            counted_at timestamptz)
        LANGUAGE plpgsql AS $$
        #variable_conflict use_column
        BEGIN
            RETURN QUERY
            SELECT NULL::bigint, location_id, sku, pg_current_xact_id()::text, on_hand, reserved, safety_stock, awaited,
                damaged, in_transit, announced_shortfall, counted_at
            FROM levels JOIN unnest(of_location_ids, of_skus) AS touched (location_id, sku) USING (sku, location_id)
            ORDER BY location_id, sku FOR UPDATE OF levels;

            -- Its snapshot is taken under the locks: what whoever held them recorded is seen.
            RETURN QUERY
            SELECT place, location_id, NULL, NULL, 0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint,
                0::bigint, NULL::timestamptz
            FROM unnest(cause_location_ids, cause_sources, cause_ids) WITH ORDINALITY
                AS asked (location_id, source, event_id, place)
            WHERE EXISTS (
                SELECT FROM ledger WHERE ledger.location_id = asked.location_id AND ledger.source = asked.source
                    AND ledger.event_id = asked.event_id);
        END $$
        """
    )
    op.execute(
        "COMMENT ON FUNCTION lock_shelves IS 'levels under lock, by location and sku; behind them the places of the"
        " causes that are recorded already'"
    )


def downgrade() -> None:
    raise NotImplementedError("Zaiko's schemas go forward: restore a backup instead")
