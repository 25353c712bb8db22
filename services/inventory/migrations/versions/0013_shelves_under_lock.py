"""shelves locked, and what has to be known under their locks, in one round trip"""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A plan for any number of shelves serves them all; PostgreSQL would make one for each call, which takes longer
    # than what it does.
    op.execute(
        """
        CREATE FUNCTION lock_shelves(
            of_location_ids text[], of_skus text[], cause_location_ids text[], cause_sources text[], cause_ids text[],
            of_channels text[])
        RETURNS TABLE (found text, location_id text, sku text, transaction_id text, on_hand bigint, reserved bigint,
            safety_stock bigint, awaited bigint, damaged bigint, in_transit bigint, announced_shortfall bigint,
            counted_at timestamptz)
        LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
        #variable_conflict use_column
        BEGIN
            RETURN QUERY
            SELECT 'level', location_id, sku, pg_current_xact_id()::text, on_hand, reserved, safety_stock, awaited,
                damaged, in_transit, announced_shortfall, counted_at
            FROM levels JOIN unnest(of_location_ids, of_skus) AS touched (location_id, sku) USING (sku, location_id)
            ORDER BY location_id, sku FOR UPDATE OF levels;

            -- These see what whoever held the locks has recorded: their snapshots are taken under them.
            IF cardinality(cause_ids) > 0 THEN
                RETURN QUERY
                SELECT 'cause', NULL, NULL, place::text, 0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint,
                    0::bigint, 0::bigint, NULL::timestamptz
                FROM unnest(cause_location_ids, cause_sources, cause_ids) WITH ORDINALITY
                    AS asked (location_id, source, event_id, place)
                WHERE EXISTS (
                    SELECT FROM ledger WHERE ledger.location_id = asked.location_id AND ledger.source = asked.source
                        AND ledger.event_id = asked.event_id);
            END IF;
            IF cardinality(of_channels) > 0 THEN
                RETURN QUERY
                SELECT 'channel', NULL, NULL, channel, 0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint,
                    0::bigint, 0::bigint, NULL::timestamptz
                FROM channels WHERE channel = ANY(of_channels);
            END IF;
        END $$
        """
    )
    op.execute(
        "COMMENT ON FUNCTION lock_shelves IS 'levels under lock, by location and sku; then, by their place, the causes"
        " that are recorded; then the channels that are known'"
    )


def downgrade() -> None:
    raise NotImplementedError("Zaiko's schemas go forward: restore a backup instead")
