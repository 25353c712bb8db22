"""Units that a till took back before it was heard that they were handed over."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from shared.database import Transaction
from shared.statements import Statement, columns, listed

_KEPT = {
    "order_id": "uuid",
    "source": "text",
    "event_id": "text",
    "sku": "text",
    "condition": "text",
    "quantity": "bigint",
    "location_id": "text",
    "till_id": "text",
    "receipt_id": "text",
    "noted_at": "timestamptz",
    "due_at": "timestamptz",
}
_NAMES = ", ".join(_KEPT)
_KEEP = Statement(
    f"""
    INSERT INTO returns_ahead AS ahead ({_NAMES}) SELECT {_NAMES} FROM {listed(_KEPT)} AS told ({_NAMES})
    ON CONFLICT (order_id, source, event_id, sku, condition)
        DO UPDATE SET quantity = excluded.quantity, due_at = excluded.due_at
    """
)
# Whoever holds this lock is the only one that looks; it ends with the transaction.
_LOOK = Statement(
    "SELECT pg_try_advisory_xact_lock(hashtextextended('zaiko returns ' || current_schema(), 0)) AS looks"
)
_DUE = Statement(
    f"""
    SELECT order_id::text, source, event_id, sku, condition, quantity, location_id, till_id, receipt_id, noted_at,
        due_at
    FROM returns_ahead WHERE due_at <= :now ORDER BY due_at, {_NAMES} LIMIT :limit
    """
)
_REMOVE = Statement(
    """
    DELETE FROM returns_ahead AS ahead
    USING unnest(CAST(:order_id AS uuid[]), CAST(:source AS text[]), CAST(:event_id AS text[]), CAST(:sku AS text[]),
        CAST(:condition AS text[])) AS done (order_id, source, event_id, sku, condition)
    WHERE (ahead.order_id, ahead.source, ahead.event_id, ahead.sku, ahead.condition)
        = (done.order_id, done.source, done.event_id, done.sku, done.condition)
    """
)


class Ahead(NamedTuple):
    """Units of an order that are waited for; `source` and `event_id` told of them, the rest is the till's receipt."""

    order_id: str
    source: str
    event_id: str
    sku: str
    condition: str
    quantity: int
    location_id: str
    till_id: str
    receipt_id: str
    noted_at: datetime
    due_at: datetime


async def keep(transaction: Transaction, waiting: Sequence[Ahead]) -> None:
    """Store what waits, or what is left of it."""
    if waiting:
        await _KEEP.run(transaction, **columns(waiting, *_KEPT))


async def look(transaction: Transaction) -> bool:
    """Whether this transaction is the one that looks; otherwise another does."""
    return bool((await _LOOK.rows(transaction))[0].looks)


async def due(transaction: Transaction, now: datetime, limit: int) -> list[Ahead]:
    """What is to be tried again, the longest due first."""
    return [Ahead(*row) for row in await _DUE.rows(transaction, now=now, limit=limit)]


async def remove(transaction: Transaction, done: Sequence[Ahead]) -> None:
    if done:
        await _REMOVE.run(transaction, **columns(done, "order_id", "source", "event_id", "sku", "condition"))
