"""What must be true of every stored order: its state, its units and its timeline explain each other."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.orders.domain.fulfilments import ships_to_store, store_of
from services.orders.domain.orders import Order
from services.orders.domain.states import Method, State, is_legal, state_of
from services.orders.store.orders import page

PAGE_LIMIT = 1_000
_BEFORE_ALL = "00000000-0000-0000-0000-000000000000"

_TIMELINES = text(
    """
    SELECT order_id::text AS order_id, array_agg(state ORDER BY entry_id) AS states
    FROM timeline WHERE order_id = ANY(CAST(:ids AS uuid[])) GROUP BY order_id
    """
)
_RETURNED = text(
    """
    SELECT order_id::text AS order_id, sku, CAST(sum(quantity) AS bigint) AS returned
    FROM returns, jsonb_to_recordset(lines) AS line (sku text, quantity bigint)
    WHERE order_id = ANY(CAST(:ids AS uuid[])) GROUP BY order_id, sku
    """
)
_MISNAMED = text(
    """
    SELECT orders.order_id::text AS order_id, channel, external_id
    FROM orders LEFT JOIN order_names AS named USING (channel, external_id)
    WHERE external_id IS NOT NULL AND named.order_id IS DISTINCT FROM orders.order_id
    ORDER BY orders.order_id LIMIT :limit
    """
)
_PROMISES = text(
    """
    SELECT order_id::text AS order_id, state, reservation_id, method,
        (SELECT string_agg(format('%s of %s at %s', open, sku, location_id), ', ' ORDER BY sku, location_id)
            FROM (SELECT sku, location_id, quantity - cancelled - handed_over AS open
                FROM allocations WHERE allocations.order_id = orders.order_id) AS shares
            WHERE open > 0) AS units
    FROM orders ORDER BY orders.order_id
    """
)


_SLOTS = text("SELECT order_id::text AS order_id, state, slot FROM orders WHERE slot IS NOT NULL")


class Promise(NamedTuple):
    """What an order holds of inventory; `reservation_id` is None where nothing was ever promised.

    `units` are the open ones, place by place, in words; None where there are none.
    """

    order_id: str
    state: str
    reservation_id: str | None
    method: str
    units: str | None


async def violations(connection: AsyncConnection) -> list[str]:
    """A sentence for each order that does not add up; empty when all do. Reads in pages, and locks nothing."""
    found: list[str] = []
    after = _BEFORE_ALL
    while orders := await page(connection, after, PAGE_LIMIT):
        rows = (await connection.execute(_TIMELINES, {"ids": list(orders)})).all()
        timelines = {row.order_id: [State(state) for state in row.states] for row in rows}
        told = (await connection.execute(_RETURNED, {"ids": list(orders)})).all()
        returned = {(row.order_id, row.sku): row.returned for row in told}
        for order in orders.values():
            found += [f"order {order.order_id}: {fault}" for fault in _faults(order, timelines.get(order.order_id, []))]
            found += [f"order {order.order_id}: {fault}" for fault in _return_faults(order, returned)]
        after = max(orders)
    misnamed = (await connection.execute(_MISNAMED, {"limit": PAGE_LIMIT})).all()
    return found + [f"order {row.order_id}: {row.channel}'s name {row.external_id} is not its own" for row in misnamed]


async def promises(connection: AsyncConnection) -> list[Promise]:
    """Every order with its reservation, to be compared with inventory's reservations and with the pickups."""
    rows = (await connection.execute(_PROMISES)).all()
    return [Promise(row.order_id, row.state, row.reservation_id, row.method, row.units) for row in rows]


async def slots(connection: AsyncConnection) -> Sequence[Row[Any]]:
    """Rows (order_id, state, slot) of the orders that asked for a slot, to be compared with those that pickup gave."""
    return (await connection.execute(_SLOTS)).all()


def _faults(order: Order, timeline: list[State]) -> Iterable[str]:
    last = timeline[-1] if timeline else None
    if last is not order.state:
        yield f"is {order.state}, but its timeline ends with {last or 'nothing'}"
    for before, after in zip([None, *timeline], timeline, strict=False):
        if not is_legal(before, after):
            yield f"its timeline goes from {before or 'nothing'} to {after}"
    expected = state_of(order.standing())
    if expected is not order.state:
        yield f"is {order.state}, but its lines say {expected}"
    yield from _share_faults(order)
    yield from _repair_faults(order)


def _return_faults(order: Order, returned: Mapping[tuple[str, str], int]) -> Iterable[str]:
    """What its returns tell is what its lines say, and no more than was handed over."""
    for line in order.lines:
        told = returned.get((order.order_id, line.sku), 0)
        if told != line.returned or told > line.handed_over:
            yield (
                f"of {line.sku} {line.handed_over} handed over and {line.returned} returned, but its returns say {told}"
            )


def _share_faults(order: Order) -> Iterable[str]:
    """Once an order is granted, its lines and its allocations count the same units.

    But for those that were cancelled while they were still to come: no place was ever promised them.
    """
    if order.reservation_id is None or order.awaits_goods:
        return
    for line in order.lines:
        shares = [share for share in order.shares if share.sku == line.sku]
        promised = (
            sum(share.quantity for share in shares),
            sum(share.cancelled for share in shares),
            sum(share.handed_over for share in shares),
        )
        never_there = line.quantity - promised[0]
        if never_there < 0 or promised[1:] != (line.cancelled - never_there, line.handed_over):
            yield (
                f"of {line.sku} {line.quantity} ordered, {line.cancelled} cancelled, {line.handed_over} handed over,"
                f" but its allocations say {promised[0]}, {promised[1]}, {promised[2]}"
            )


def _repair_faults(order: Order) -> Iterable[str]:
    """Places fail what was ordered; and what a customer collects is promised from the store where it is collected.

    Unless it may be sent there.
    """
    unknown = [sku for sku in order.failed if order.line(sku) is None]
    if unknown:
        yield f"places have failed it for {', '.join(unknown)}, which was not ordered"
    if order.method is Method.PICKUP and not ships_to_store(order.fulfilment):
        store = store_of(order.fulfilment)
        elsewhere = {share.location_id for share in order.shares if share.open} - {store}
        if elsewhere:
            yield f"it is collected at {store}, but units are promised from {', '.join(sorted(elsewhere))}"
