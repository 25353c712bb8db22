"""What must always be true of stock, checked against the stored data (the invariants of the public contract)."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.inventory.store.return_verification import TAKEN_BACK_BEYOND, UNSAID_EXCESS

VIOLATIONS_LIMIT = 20
"""So many violations of one invariant are named; more would not help anybody."""


class Invariant(NamedTuple):
    """`violations` answers a readable line for each; none is good. `counted` is how many rows were held against it."""

    number: int
    title: str
    violations: Callable[[AsyncConnection], Awaitable[list[str]]]
    counted: str


_UNBALANCED = """
    SELECT format('%s: accounts sum to %s', sku, sum(quantity)) FROM (
        SELECT sku, "into" AS account, quantity FROM ledger
        UNION ALL SELECT sku, out_of, -quantity FROM ledger) AS entries
    GROUP BY sku HAVING sum(quantity) <> 0
    UNION ALL
    SELECT format('%s at %s: entry %s says the shelf changed by %s', sku, location_id, entry_id, shelf_change)
    FROM ledger WHERE out_of = "into" OR quantity < 0 OR shelf_change <> quantity
        * ((CASE "into" WHEN 'on_hand' THEN 1 ELSE 0 END) - (CASE out_of WHEN 'on_hand' THEN 1 ELSE 0 END))
"""
_OFF_THE_LEDGER = """
    WITH fold AS (
        SELECT sku, location_id, sum(shelf_change) AS on_hand,
            sum(CASE 'damaged' WHEN "into" THEN quantity WHEN out_of THEN -quantity ELSE 0 END) AS damaged,
            0 AS in_transit
        FROM ledger GROUP BY sku, location_id
        UNION ALL
        SELECT sku, coalesce(to_location_id, location_id), 0, 0,
            sum(CASE 'in_transit' WHEN "into" THEN quantity WHEN out_of THEN -quantity ELSE 0 END)
        FROM ledger WHERE 'in_transit' IN (out_of, "into") GROUP BY sku, coalesce(to_location_id, location_id)),
    folded AS (
        SELECT sku, location_id, sum(on_hand) AS on_hand, sum(damaged) AS damaged, sum(in_transit) AS in_transit
        FROM fold GROUP BY sku, location_id)
    SELECT format('%s at %s: level %s/%s/%s, ledger %s/%s/%s', sku, location_id, level.on_hand, level.damaged,
        level.in_transit, folded.on_hand, folded.damaged, folded.in_transit)
    FROM levels AS level FULL JOIN folded USING (sku, location_id)
    WHERE (coalesce(level.on_hand, 0), coalesce(level.damaged, 0), coalesce(level.in_transit, 0))
        <> (coalesce(folded.on_hand, 0), coalesce(folded.damaged, 0), coalesce(folded.in_transit, 0))
"""
_OFF_THE_PROMISES = """
    WITH open AS (
        SELECT sku, location_id, sum(open) AS reserved FROM reservation_lines WHERE open > 0 GROUP BY sku, location_id)
    SELECT format('%s at %s: reserved %s, open promises %s', sku, location_id, level.reserved, open.reserved)
    FROM levels AS level FULL JOIN open USING (sku, location_id)
    WHERE coalesce(level.reserved, 0) <> coalesce(open.reserved, 0)
    UNION ALL
    SELECT format('reservation %s is %s and has open units', reservation_id, state)
    FROM reservations JOIN reservation_lines USING (reservation_id)
    WHERE open + in_transit > 0 AND state NOT IN ('backordered', 'held', 'confirmed')
    UNION ALL
    SELECT format('reservation %s: %s of %s at %s promised, %s open, %s travel there, %s fulfilled', reservation_id,
        quantity, sku, location_id, open, in_transit, fulfilled)
    FROM reservation_lines WHERE open + in_transit + fulfilled > quantity OR least(open, in_transit, fulfilled) < 0
    UNION ALL
    SELECT format('order %s has reservation %s, and reservation %s says it is its own', order_id,
        given.reservation_id, own.reservation_id)
    FROM reservations AS own FULL JOIN order_reservations AS given USING (order_id)
    WHERE order_id IS NOT NULL AND own.reservation_id IS DISTINCT FROM given.reservation_id
    UNION ALL
    SELECT format('cap %s of %s: %s counted, %s promised', cap_id, sku, counted.promised, made.promised)
    FROM cap_promises AS counted FULL JOIN (
        SELECT cap_id, sku, sum(open + in_transit + fulfilled) AS promised FROM reservation_lines
        WHERE cap_id IS NOT NULL GROUP BY cap_id, sku) AS made USING (cap_id, sku)
    WHERE coalesce(counted.promised, 0) <> coalesce(made.promised, 0)
"""
_OFF_THE_BACKORDERS = """
    WITH owed AS (
        SELECT sku, location_id, sum(open) AS awaited FROM backorder_lines WHERE open > 0 GROUP BY sku, location_id)
    SELECT format('%s at %s: awaited %s, owed to backorders %s', sku, location_id, level.awaited, owed.awaited)
    FROM levels AS level FULL JOIN owed USING (sku, location_id)
    WHERE coalesce(level.awaited, 0) <> coalesce(owed.awaited, 0)
    UNION ALL
    SELECT format('reservation %s is %s and is owed %s units', reservation_id, state, coalesce(sum(open), 0))
    FROM reservations LEFT JOIN backorder_lines USING (reservation_id)
    GROUP BY reservation_id, state HAVING (state = 'backordered') <> (coalesce(sum(open), 0) > 0)
"""
_GRANTED_BEYOND = """
    SELECT format('reservation %s: %s of %s at %s granted while %s were available', reservation_id, quantity, sku,
        location_id, available)
    FROM reservation_lines WHERE quantity > available
    UNION ALL
    SELECT format('reservation %s: %s of %s at %s promised while %s were expected', reservation_id, quantity, sku,
        location_id, expected)
    FROM backorder_lines WHERE quantity > expected
"""
_UNANNOUNCED = """
    SELECT format('%s at %s: %s promised units are not there, and nobody was told', sku, location_id,
        reserved - greatest(on_hand, 0))
    FROM levels WHERE reserved - greatest(on_hand, 0) > announced_shortfall
    UNION ALL
    SELECT format('%s %s was refused for lack of stock', source, event_id)
    FROM dead_letters WHERE code = 'insufficient_stock'
"""
_TWICE = """
    SELECT format('%s %s line %s was applied %s times', source, event_id, line, count(*))
    FROM ledger WHERE kind <> 'restatement' GROUP BY location_id, source, event_id, line HAVING count(*) > 1
    UNION ALL
    SELECT DISTINCT format('%s %s was applied and is in the dead letters', source, event_id)
    FROM dead_letters JOIN ledger USING (source, event_id)
    UNION ALL
    SELECT format('%s at %s: counted %s at %s, the ledger says %s', sku, location_id, counted, occurred_at, balance)
    FROM (
        SELECT sku, location_id, kind, counted, occurred_at, sum(shelf_change) OVER (
            PARTITION BY sku, location_id ORDER BY occurred_at, kind IN ('count', 'restatement'),
                coalesce(restated_source, source) COLLATE "C", coalesce(restated_event_id, event_id) COLLATE "C",
                coalesce(restated_line, line)) AS balance
        FROM ledger WHERE (sku, location_id) IN (SELECT sku, location_id FROM ledger WHERE kind = 'count')) AS history
    WHERE kind = 'count' AND counted <> balance
"""


def _finding(*queries: str) -> Callable[[AsyncConnection], Awaitable[list[str]]]:
    together = " UNION ALL ".join(f"({query})" for query in queries)
    limited = text(f"SELECT * FROM ({together}) AS violations LIMIT {VIOLATIONS_LIMIT}")

    async def violations(connection: AsyncConnection) -> list[str]:
        return list((await connection.execute(limited)).scalars())

    return violations


INVARIANTS: Sequence[Invariant] = (
    Invariant(1, "every entry has two sides, and each SKU sums to zero", _finding(_UNBALANCED), "ledger"),
    Invariant(2, "each level equals the fold of its ledger", _finding(_OFF_THE_LEDGER), "levels"),
    Invariant(
        3,
        "each reserved equals its open promises",
        _finding(_OFF_THE_PROMISES, _OFF_THE_BACKORDERS),
        "levels",
    ),
    Invariant(
        4,
        "nothing was promised beyond what was available, or taken back beyond what was sold",
        _finding(_GRANTED_BEYOND, TAKEN_BACK_BEYOND),
        "reservation_lines",
    ),
    Invariant(
        5,
        "no fact was refused, every shortfall and every excess was announced",
        _finding(_UNANNOUNCED, UNSAID_EXCESS),
        "levels",
    ),
    Invariant(6, "every event counts once, and every count stands", _finding(_TWICE), "ledger"),
)


async def promises(connection: AsyncConnection) -> Sequence[Row[Any]]:
    """The reservations of orders: order_id, reservation_id, state, and the open units, in number and in words.

    What travels to a place is promised from there.
    """
    statement = text(
        """
        SELECT order_id, CAST(reservation_id AS text) AS reservation_id, state,
            coalesce(sum(open + in_transit), 0) AS open,
            string_agg(format('%s of %s at %s', open + in_transit, sku, location_id), ', ' ORDER BY sku, location_id)
                FILTER (WHERE open + in_transit > 0) AS units
        FROM reservations LEFT JOIN reservation_lines USING (reservation_id)
        WHERE order_id IS NOT NULL GROUP BY reservation_id
        """
    )
    return (await connection.execute(statement)).all()
