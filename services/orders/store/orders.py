"""Orders under lock: read for a decision, in key order, and written back together."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from pydantic_core import from_json, to_json
from sqlalchemy.ext.asyncio import AsyncConnection

from services.orders.domain.awaited import Awaited
from services.orders.domain.orders import Bag, Line, Order, Share, Shortage, touched
from services.orders.domain.rejections import Rejection
from services.orders.domain.states import Method, State
from shared.database import Transaction, tell
from shared.statements import Statement, listed

DECIDED_CHANNEL = "decided"
"""The notification's payload is order ids, with commas between."""
_PAYLOAD_IDS_LIMIT = 200
"""PostgreSQL takes less than 8,000 bytes of payload; an id and its comma are 37."""

_AWAITED = TypeAdapter(list[Awaited])
_IDENTIFIER = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_COLUMNS = """
    order_id::text AS order_id, channel, member_id, method, fulfilment::text AS fulfilment, state, reservation_id, bag,
    shortages::text AS shortages, awaited::text AS awaited, rejection::text AS rejection,
    failed_places::text AS failed_places,
    coalesce(slot, CASE WHEN jsonb_typeof(fulfilment -> 'slot') = 'object' THEN 'wanted' END) AS slot
    """
_LOCK = Statement(
    f"SELECT {_COLUMNS} FROM orders WHERE order_id = ANY(CAST(:ids AS uuid[])) ORDER BY order_id FOR NO KEY UPDATE"
)
_PAGE = Statement(
    f"SELECT {_COLUMNS} FROM orders WHERE order_id > CAST(:after AS uuid) ORDER BY orders.order_id LIMIT :limit"
)
# A statement of its own, after the lock: only then does it see what the transaction that was waited for has written.
_LINES = Statement(
    """
    SELECT order_id::text AS order_id, sku, quantity, cancelled, handed_over, returned
    FROM order_lines WHERE order_id = ANY(CAST(:ids AS uuid[])) ORDER BY order_id, place
    """
)
_SHARES = Statement(
    """
    SELECT order_id::text AS order_id, sku, location_id, quantity, cancelled, handed_over, released
    FROM allocations WHERE order_id = ANY(CAST(:ids AS uuid[])) ORDER BY order_id, sku, location_id
    """
)
_ORDER = {"ids": "uuid", "states": "text", "reservation_ids": "text", "bags": "integer", "shortages": "text"}
_BACKORDER = {"awaited": "text"}
_SLOT = {"slots": "text", "rejections": "text"}
_REPAIR = {"fulfilments": "text", "failed_places": "text"}
_LINE = {
    "line_ids": "uuid",
    "line_skus": "text",
    "line_cancelled": "bigint",
    "line_handed_over": "bigint",
    "line_returned": "bigint",
}
_SHARE = {
    "share_ids": "uuid",
    "share_skus": "text",
    "share_locations": "text",
    "share_quantities": "bigint",
    "share_cancelled": "bigint",
    "share_handed_over": "bigint",
    "share_released": "bigint",
}
_STEP = {"step_ids": "uuid", "step_states": "text", "step_causes": "text", "step_reasons": "text"}
_WRITE = Statement(
    f"""
    WITH moved AS (
        UPDATE orders SET state = new.state, reservation_id = new.reservation_id, bag = new.bag,
            shortages = CAST(new.shortages AS jsonb), awaited = CAST(new.awaited AS jsonb), slot = new.slot,
            rejection = CAST(new.rejection AS jsonb),
            fulfilment = coalesce(CAST(new.fulfilment AS jsonb), orders.fulfilment),
            failed_places = CAST(new.failed_places AS jsonb), updated_at = :now
        FROM {listed(_ORDER | _BACKORDER | _SLOT | _REPAIR)}
            AS new (order_id, state, reservation_id, bag, shortages, awaited, slot, rejection, fulfilment,
                failed_places)
        WHERE orders.order_id = new.order_id),
    lines AS (
        UPDATE order_lines AS line SET cancelled = new.cancelled, handed_over = new.handed_over, returned = new.returned
        FROM {listed(_LINE)} AS new (order_id, sku, cancelled, handed_over, returned)
        WHERE line.order_id = new.order_id AND line.sku = new.sku),
    shares AS (
        INSERT INTO allocations (order_id, sku, location_id, quantity, cancelled, handed_over, released, promised_at)
        SELECT share.*, :now FROM {listed(_SHARE)} AS share
        ON CONFLICT (order_id, sku, location_id) DO UPDATE SET quantity = excluded.quantity,
            cancelled = excluded.cancelled, handed_over = excluded.handed_over, released = excluded.released),
    steps AS (
        INSERT INTO timeline (order_id, state, at, cause, reason)
        SELECT order_id, state, :now, cause, reason
        FROM {listed(_STEP)} WITH ORDINALITY AS step (order_id, state, cause, reason, place) ORDER BY place)
    SELECT 1
    """
)


async def lock(transaction: Transaction, order_ids: Iterable[str]) -> dict[str, Order]:
    """The orders with these ids, locked until the commit; ids that no order has are left out."""
    ids = sorted({order_id for order_id in order_ids if is_identifier(order_id)})
    if not ids:
        return {}
    return await _load(transaction, await _LOCK.rows(transaction, ids=ids))


async def page(connection: AsyncConnection, after: str, limit: int) -> dict[str, Order]:
    """Orders in the order of their ids, from behind `after` on, not locked."""
    return await _load(connection, await _PAGE.rows(connection, after=after, limit=limit))


async def write(transaction: Transaction, orders: Iterable[Order], now: datetime) -> None:
    """Store what the orders' steps changed, and wake whoever waits for the ones that were decided."""
    moved = touched(orders)
    if not moved:
        return
    decided = [order.order_id for order in moved if order.state_before is State.PENDING is not order.state]
    await _WRITE.run(transaction, **_orders(moved), **_lines(moved), **_shares(moved), **_steps(moved), now=now)
    for payload in _payloads(decided):
        tell(transaction, DECIDED_CHANNEL, payload)


def is_identifier(order_id: str) -> bool:
    """Whether this could be the id of an order: a UUID in its canonical form."""
    return _IDENTIFIER.fullmatch(order_id) is not None


async def _load(connection: AsyncConnection, rows: Sequence[Any]) -> dict[str, Order]:
    orders = {row.order_id: _order(row) for row in rows}
    ids = {"ids": list(orders)}
    for row in await _LINES.rows(connection, **ids):
        orders[row.order_id].lines.append(
            Line(
                sku=row.sku,
                quantity=row.quantity,
                cancelled=row.cancelled,
                handed_over=row.handed_over,
                returned=row.returned,
            )
        )
    if any(order.reservation_id is not None for order in orders.values()):
        for row in await _SHARES.rows(connection, **ids):
            orders[row.order_id].shares.append(
                Share(
                    sku=row.sku,
                    location_id=row.location_id,
                    quantity=row.quantity,
                    cancelled=row.cancelled,
                    handed_over=row.handed_over,
                    released=row.released,
                )
            )
    return orders


def _order(row: Any) -> Order:
    return Order(
        order_id=row.order_id,
        channel=row.channel,
        member_id=row.member_id,
        method=Method(row.method),
        fulfilment=row.fulfilment,
        state=State(row.state),
        lines=[],
        reservation_id=row.reservation_id,
        bag=Bag(row.bag),
        shortages=None if row.shortages is None else [Shortage(**shortage) for shortage in from_json(row.shortages)],
        awaited=None if row.awaited is None else _AWAITED.validate_json(row.awaited),
        slot=row.slot,
        rejection=None if row.rejection is None else Rejection(**from_json(row.rejection)),
        failed={} if row.failed_places is None else from_json(row.failed_places),
    )


def _orders(orders: Sequence[Order]) -> dict[str, list[Any]]:
    return {
        "ids": [order.order_id for order in orders],
        "states": [order.state for order in orders],
        "reservation_ids": [order.reservation_id for order in orders],
        "bags": [int(order.bag) for order in orders],
        "shortages": [None if order.shortages is None else to_json(order.shortages).decode() for order in orders],
        "awaited": [None if order.awaited is None else to_json(order.awaited).decode() for order in orders],
        "slots": [order.slot for order in orders],
        "rejections": [None if order.rejection is None else to_json(order.rejection).decode() for order in orders],
        "fulfilments": [order.fulfilment if order.fulfilment != order.fulfilment_before else None for order in orders],
        "failed_places": [to_json(order.failed).decode() if order.failed else None for order in orders],
    }


def _lines(orders: Sequence[Order]) -> dict[str, list[Any]]:
    lines = [(order.order_id, line) for order in orders for line in order.lines if line.is_changed]
    return {
        "line_ids": [order_id for order_id, _ in lines],
        "line_skus": [line.sku for _, line in lines],
        "line_cancelled": [line.cancelled for _, line in lines],
        "line_handed_over": [line.handed_over for _, line in lines],
        "line_returned": [line.returned for _, line in lines],
    }


def _shares(orders: Sequence[Order]) -> dict[str, list[Any]]:
    shares = [(order.order_id, share) for order in orders for share in order.shares if share.is_changed]
    return {
        "share_ids": [order_id for order_id, _ in shares],
        "share_skus": [share.sku for _, share in shares],
        "share_locations": [share.location_id for _, share in shares],
        "share_quantities": [share.quantity for _, share in shares],
        "share_cancelled": [share.cancelled for _, share in shares],
        "share_handed_over": [share.handed_over for _, share in shares],
        "share_released": [share.released for _, share in shares],
    }


def _steps(orders: Sequence[Order]) -> dict[str, list[Any]]:
    steps = [(order.order_id, step) for order in orders for step in order.steps]
    return {
        "step_ids": [order_id for order_id, _ in steps],
        "step_states": [step.state for _, step in steps],
        "step_causes": [step.cause.name for _, step in steps],
        "step_reasons": [step.cause.reason for _, step in steps],
    }


def _payloads(order_ids: Sequence[str]) -> list[str]:
    starts = range(0, len(order_ids), _PAYLOAD_IDS_LIMIT)
    return [",".join(order_ids[start : start + _PAYLOAD_IDS_LIMIT]) for start in starts]
