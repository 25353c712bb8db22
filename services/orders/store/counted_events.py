"""Events that add up: each counts once per order, whatever is delivered how often."""

from collections.abc import Iterable

from shared.database import Transaction
from shared.statements import Statement, listed

Mark = tuple[str, str, str]
"""(order_id, source, event_id)"""

_MARK = Statement(
    f"""
    INSERT INTO counted_events (order_id, source, event_id)
    SELECT * FROM {listed({"order_ids": "uuid", "sources": "text", "event_ids": "text"})}
    ON CONFLICT DO NOTHING RETURNING order_id::text AS order_id, source, event_id
    """
)


async def first_time(transaction: Transaction, marks: Iterable[Mark]) -> set[Mark]:
    """Which of these pairs of an order (locked) and an event come for the first time; they are marked."""
    asked = sorted(set(marks))
    if not asked:
        return set()
    order_ids, sources, event_ids = zip(*asked, strict=True)
    rows = await _MARK.rows(transaction, order_ids=list(order_ids), sources=list(sources), event_ids=list(event_ids))
    return {(row.order_id, row.source, row.event_id) for row in rows}
