"""What the counters say: bags picked, ready, collected, lapsed, or short of something."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from services.orders.domain import bags
from services.orders.domain.orders import Bag, Cause, Order
from services.orders.domain.reassignments import Elsewhere
from services.orders.store import orders as store
from services.orders.store.counted_events import Mark, first_time
from services.orders.usecases import slots
from services.orders.usecases.elsewhere import Repairs
from services.orders.usecases.orders import Step, move
from shared.consumer import Received
from shared.contracts import slots as slots_contract
from shared.contracts.event import Event
from shared.contracts.pickups import CANCELLED, COLLECTED, EXPIRED, LINE_SHORT, PICKING, READY, PickupChanged
from shared.database import Transaction


async def follow(transaction: Transaction, received: Sequence[Received[Any]], now: datetime, repairs: Repairs) -> None:
    """Apply the events; pickups of orders that are not ours are passed over."""
    elsewhere = repairs.over(repairs.networks.latest)
    if any(event.type in _FAILURES for event, _ in received):
        elsewhere = await repairs.elsewhere(transaction, now)
    shorts = [_mark(event, data) for event, data in received if event.type == LINE_SHORT.name]
    fresh = await first_time(transaction, [mark for mark in shorts if store.is_identifier(mark[0])])
    steps: list[tuple[str, Step]] = []
    for event, data in received:
        if event.type == LINE_SHORT.name:
            if _mark(event, data) not in fresh:
                continue
            fresh.remove(_mark(event, data))
        if event.type in _DECISIONS:
            steps.append((data.order_id, _step(event.type, data)))
        elif event.type in _FAILURES:
            steps.append((data.order_id, _failure(event.type, data, elsewhere)))
    await move(transaction, steps, now)


def _mark(event: Event, data: PickupChanged) -> Mark:
    return (data.order_id, event.source, event.id)


def _step(kind: str, data: Any) -> Step:
    return lambda order: _DECISIONS[kind](order, data, Cause(kind, data.reason))


def _failure(kind: str, data: Any, elsewhere: Elsewhere) -> Step:
    return lambda order: _FAILURES[kind](order, data, Cause(kind, data.reason), elsewhere)


def _prepare(bag: Bag, order: Order, data: Any, cause: Cause) -> None:
    bags.prepare(order, data.location_id, bag, cause)


def _collect(order: Order, data: Any, cause: Cause) -> None:
    bags.collect(order, data.location_id, _units(data), cause)


def _lapse(order: Order, data: Any, cause: Cause, elsewhere: Elsewhere) -> None:
    bags.lapse(order, data.location_id, cause, elsewhere)


def _shorten(order: Order, data: Any, cause: Cause, elsewhere: Elsewhere) -> None:
    bags.shorten(order, data.location_id, _units(data), data.is_last, cause, elsewhere)


def _units(data: Any) -> dict[str, int]:
    units: dict[str, int] = {}
    for line in data.lines:
        units[line.sku] = units.get(line.sku, 0) + line.quantity
    return units


_DECISIONS: Mapping[str, Callable[[Order, Any, Cause], None]] = {
    PICKING.name: partial(_prepare, Bag.PICKING),
    READY.name: partial(_prepare, Bag.READY),
    COLLECTED.name: _collect,
    slots_contract.TAKEN.name: slots.take_slot,
    slots_contract.REFUSED.name: slots.refuse_slot,
}
_FAILURES: Mapping[str, Callable[[Order, Any, Cause, Elsewhere], None]] = {
    EXPIRED.name: _lapse,
    CANCELLED.name: _lapse,
    LINE_SHORT.name: _shorten,
}
"""After which the units may be wanted from elsewhere."""
