"""Inventory's answers: orders are confirmed, rejected or sourced elsewhere, and the waiting checkouts woken."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from services.orders.domain import promises
from services.orders.domain.orders import Cause, Order, Share, Shortage
from services.orders.domain.reallocations import Relocation, relocate
from services.orders.store import orders as store
from services.orders.store.counted_events import Mark, first_time
from services.orders.usecases.orders import Step, move
from shared.consumer import Received
from shared.contracts.reservations import (
    EXPIRED,
    HELD,
    REALLOCATED,
    REJECTED,
    RELEASED,
    ReservationChanged,
    ReservationReallocated,
    ReservationRejected,
)
from shared.database import Transaction


async def settle(transaction: Transaction, received: Sequence[Received[Any]], now: datetime) -> None:
    """Apply the answers; a reservation whose reference is no order of ours is somebody else's and passed over."""
    marks = [_mark(answer) for answer in received if answer.event.type == REALLOCATED.name]
    fresh = await first_time(transaction, [mark for mark in marks if store.is_identifier(mark[0])])
    steps: list[tuple[str, Step]] = []
    for answer in received:
        event, data = answer
        if event.type == REALLOCATED.name:
            if _mark(answer) not in fresh:
                continue
            fresh.remove(_mark(answer))
        if event.type in _DECISIONS:
            steps.append((data.reference, _step(event.type, data)))
    await move(transaction, steps, now)


def _mark(answer: Received[Any]) -> Mark:
    return (answer.data.reference, answer.event.source, answer.event.id)


def _step(kind: str, data: Any) -> Step:
    return lambda order: _DECISIONS[kind](order, data, Cause(kind))


def _grant(order: Order, data: ReservationChanged, cause: Cause) -> None:
    shares = [
        Share(sku=share.sku, location_id=share.location_id, quantity=share.quantity) for share in data.allocations
    ]
    promises.grant(order, data.reservation_id, shares, cause)


def _reject(order: Order, data: ReservationRejected, cause: Cause) -> None:
    shortages = [Shortage(shortage.sku, shortage.requested, shortage.available) for shortage in data.shortages]
    promises.reject(order, shortages, cause)


def _withdraw(order: Order, data: ReservationChanged, cause: Cause) -> None:
    """A part that is given back was given back by this order; only a promise that is gone as a whole is news."""
    if data.state in ("released", "expired"):
        promises.withdraw(order, data.reservation_id, cause)


def _relocate(order: Order, data: ReservationReallocated, cause: Cause) -> None:
    moved = [(units.to_location_id, units.quantity) for units in data.moved]
    relocate(order, Relocation(data.sku, data.location_id, moved, data.short, data.kept), cause)


_DECISIONS: Mapping[str, Callable[[Order, Any, Cause], None]] = {
    HELD.name: _grant,
    REJECTED.name: _reject,
    RELEASED.name: _withdraw,
    EXPIRED.name: _withdraw,
    REALLOCATED.name: _relocate,
}
