"""What must be true of the stored pickups at any time."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.pickup.store import telling_verification, transfer_verification
from services.pickup.store.tables import ORDER_SLOTS, PICKUPS

_LIMIT = 100
"""So many violations are named; the first ones say enough."""

# Of every pickup the first rule that it breaks. A pickup without lines counts as one that wants nothing.
_VIOLATIONS = text(
    """
    WITH units AS (
        SELECT pickup_id, sum(quantity - short - cancelled) AS wanted, sum(picked) AS picked,
            bool_or(picked + arriving + short + cancelled > quantity
                OR least(picked, short, cancelled, echo_due, arriving) < 0) AS overdrawn,
            sum(arriving) AS arriving, sum(echo_due) AS asked_for
        FROM pickup_lines GROUP BY pickup_id),
    judged AS (
        SELECT pickups.pickup_id, state, CASE
            WHEN coalesce(overdrawn, false) THEN 'a line has more picked, short and cancelled than ordered'
            WHEN state IN ('ready', 'collected', 'expired') AND code IS NULL THEN 'it has no code'
            WHEN state IN ('requested', 'picking') AND code IS NOT NULL THEN 'it has a code already'
            WHEN state IN ('ready', 'collected') AND wanted IS DISTINCT FROM picked THEN 'its bag is not what is wanted'
            WHEN state <> 'cancelled' AND coalesce(wanted, 0) = 0 AND NOT (ship_to_store AND asked_for > 0)
                THEN 'it wants nothing'
            WHEN arriving > 0 AND state NOT IN ('requested', 'picking') THEN 'it waits for units of other places'
            WHEN (started_at IS NOT NULL) <> (state <> 'requested') AND state <> 'cancelled'
                OR (ready_at IS NOT NULL) <> (state IN ('ready', 'collected', 'expired')) AND state <> 'cancelled'
                OR (held_until IS NULL) <> (ready_at IS NULL)
                OR (closed_at IS NOT NULL) <> (state IN ('collected', 'expired', 'cancelled'))
                THEN 'its instants contradict its state'
            WHEN stars IS NOT NULL AND state <> 'collected' OR (stars IS NULL) <> (rated_at IS NULL)
                OR words IS NOT NULL AND stars IS NULL THEN 'its rating is not one of a collected bag'
            WHEN collected_by IS NOT NULL AND (state <> 'collected' OR collected_by IS DISTINCT FROM collector)
                THEN 'somebody came for it whom the customer had not named'
            WHEN round_id IS NOT NULL AND (state = 'requested' OR pick_rounds.location_id IS DISTINCT FROM
                pickups.location_id) THEN 'it is not picked in the round that it names'
            WHEN state NOT IN ('requested', 'picking', 'ready', 'collected', 'expired', 'cancelled')
                THEN 'there is no such state'
            WHEN named.pickup_id IS DISTINCT FROM pickups.pickup_id THEN 'its order has another one at its place'
            END AS broken
        FROM pickups LEFT JOIN units USING (pickup_id)
            LEFT JOIN order_pickups AS named USING (order_id, location_id)
            LEFT JOIN pick_rounds USING (round_id))
    SELECT pickup_id, state, broken FROM judged WHERE broken IS NOT NULL ORDER BY pickup_id LIMIT :limit
    """
)


_MISCOUNTED = text(
    """
    WITH given AS (
        SELECT location_id, starts_at, count(*) AS orders FROM order_slots
        WHERE state = 'taken' GROUP BY location_id, starts_at)
    SELECT location_id, starts_at, coalesce(taken, 0) AS taken, coalesce(orders, 0) AS orders
    FROM slots FULL JOIN given USING (location_id, starts_at)
    WHERE coalesce(taken, 0) <> coalesce(orders, 0) ORDER BY location_id, starts_at LIMIT :limit
    """
)


async def violations(connection: AsyncConnection) -> list[str]:
    """A sentence for every pickup, slot and delivery that cannot be; empty when all is well."""
    rows = await connection.execute(_VIOLATIONS, {"limit": _LIMIT})
    found = [f"pickup {row.pickup_id} is {row.state}, but {row.broken}" for row in rows]
    slots = await connection.execute(_MISCOUNTED, {"limit": _LIMIT})
    found += await telling_verification.violations(connection)
    found += await transfer_verification.violations(connection)
    return found + [
        f"the slot of {row.location_id} at {row.starts_at} counts {row.taken} orders, and {row.orders} have it"
        for row in slots
    ]


async def promises(connection: AsyncConnection) -> Sequence[Row[Any]]:
    """Rows (pickup_id, order_id, reservation_id, location_id, state), to be compared with orders and reservations."""
    names = ("pickup_id", "order_id", "reservation_id", "location_id", "state")
    return (await connection.execute(select(*(PICKUPS.c[name] for name in names)))).all()


async def slots(connection: AsyncConnection) -> dict[str, str]:
    """What became of each order's wish for a slot, to be compared with what orders says."""
    rows = await connection.execute(select(ORDER_SLOTS.c.order_id, ORDER_SLOTS.c.state))
    return {row.order_id: row.state for row in rows}
