"""What must be true of the stored transfers at any time."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_LIMIT = 100
"""So many violations are named; the first ones say enough."""

# What a bag waits for is what its transfers under way bring, item by item.
_VIOLATIONS = text(
    """
    WITH lines AS (
        SELECT transfer_id, pickup_id, state, sku, quantity, cancelled, sent
        FROM transfers, jsonb_to_recordset(lines) AS line (sku text, quantity bigint, cancelled bigint, sent bigint)),
    coming AS (
        SELECT pickup_id, sku, sum(quantity - cancelled) AS units FROM lines
        WHERE state IN ('requested', 'sent') GROUP BY pickup_id, sku HAVING sum(quantity - cancelled) > 0),
    waiting AS (SELECT pickup_id, sku, arriving AS units FROM pickup_lines WHERE arriving > 0)
    SELECT format('pickup %s waits for %s of %s, and its transfers bring %s', pickup_id, coalesce(waiting.units, 0),
        sku, coalesce(coming.units, 0)) AS broken
    FROM coming FULL JOIN waiting USING (pickup_id, sku) WHERE coming.units IS DISTINCT FROM waiting.units
    UNION ALL
    SELECT format('transfer %s is %s, but of %s are %s asked for, %s cancelled and %s sent', transfer_id, state, sku,
        quantity, cancelled, sent)
    FROM lines WHERE cancelled > quantity OR least(cancelled, sent) < 0 OR sent > quantity
        OR state IN ('requested', 'cancelled') AND sent > 0 OR state = 'cancelled' AND cancelled < quantity
        OR state IN ('sent', 'received') AND sent < quantity - cancelled
    UNION ALL
    SELECT format('transfer %s is %s, but its instants contradict that', transfer_id, state) FROM transfers
    WHERE state NOT IN ('requested', 'sent', 'received', 'cancelled')
        OR (sent_at IS NOT NULL) <> (state IN ('sent', 'received'))
        OR (closed_at IS NOT NULL) <> (state IN ('received', 'cancelled'))
    UNION ALL
    SELECT format('transfer %s leaves %s for %s, and is for no bag there', transfer_id, from_location_id,
        to_location_id)
    FROM transfers LEFT JOIN pickups USING (pickup_id)
    WHERE from_location_id = to_location_id OR pickups.location_id IS DISTINCT FROM to_location_id
        OR ship_to_store IS NOT TRUE
    LIMIT :limit
    """
)


async def violations(connection: AsyncConnection) -> list[str]:
    """A sentence for every transfer, and every bag that waits for one, that cannot be; empty when all is well."""
    return list((await connection.execute(_VIOLATIONS, {"limit": _LIMIT})).scalars())
