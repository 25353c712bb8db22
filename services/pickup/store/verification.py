"""What must be true of the stored pickups at any time."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.pickup.store.tables import PICKUPS

_LIMIT = 100
"""So many violations are named; the first ones say enough."""

# Of every pickup the first rule that it breaks. A pickup without lines counts as one that wants nothing.
_VIOLATIONS = text(
    """
    WITH units AS (
        SELECT pickup_id, sum(quantity - short - cancelled) AS wanted, sum(picked) AS picked,
            bool_or(picked + short + cancelled > quantity OR least(picked, short, cancelled, echo_due) < 0) AS overdrawn
        FROM pickup_lines GROUP BY pickup_id),
    judged AS (
        SELECT pickups.pickup_id, state, CASE
            WHEN coalesce(overdrawn, false) THEN 'a line has more picked, short and cancelled than ordered'
            WHEN state IN ('ready', 'collected', 'expired') AND code IS NULL THEN 'it has no code'
            WHEN state IN ('requested', 'picking') AND code IS NOT NULL THEN 'it has a code already'
            WHEN state IN ('ready', 'collected') AND wanted IS DISTINCT FROM picked THEN 'its bag is not what is wanted'
            WHEN state <> 'cancelled' AND coalesce(wanted, 0) = 0 THEN 'it wants nothing'
            WHEN (started_at IS NOT NULL) <> (state <> 'requested') AND state <> 'cancelled'
                OR (ready_at IS NOT NULL) <> (state IN ('ready', 'collected', 'expired')) AND state <> 'cancelled'
                OR (held_until IS NULL) <> (ready_at IS NULL)
                OR (closed_at IS NOT NULL) <> (state IN ('collected', 'expired', 'cancelled'))
                THEN 'its instants contradict its state'
            WHEN state NOT IN ('requested', 'picking', 'ready', 'collected', 'expired', 'cancelled')
                THEN 'there is no such state'
            WHEN named.pickup_id IS DISTINCT FROM pickups.pickup_id THEN 'its order has another one at its place'
            END AS broken
        FROM pickups LEFT JOIN units USING (pickup_id)
            LEFT JOIN order_pickups AS named USING (order_id, location_id))
    SELECT pickup_id, state, broken FROM judged WHERE broken IS NOT NULL ORDER BY pickup_id LIMIT :limit
    """
)


async def violations(connection: AsyncConnection) -> list[str]:
    """A sentence for every pickup that cannot be; empty when all is well."""
    rows = await connection.execute(_VIOLATIONS, {"limit": _LIMIT})
    return [f"pickup {row.pickup_id} is {row.state}, but {row.broken}" for row in rows]


async def promises(connection: AsyncConnection) -> Sequence[Row[Any]]:
    """Rows (pickup_id, order_id, reservation_id, location_id, state), to be compared with orders and reservations."""
    names = ("pickup_id", "order_id", "reservation_id", "location_id", "state")
    return (await connection.execute(select(*(PICKUPS.c[name] for name in names)))).all()
