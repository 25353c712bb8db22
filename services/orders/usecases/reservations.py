"""Inventory's answers: orders are confirmed, rejected or sourced elsewhere, and the waiting checkouts woken."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from services.orders.domain import promises, travels
from services.orders.domain.awaited import Awaited
from services.orders.domain.backorders import wait
from services.orders.domain.fulfilments import ships_to_store
from services.orders.domain.orders import Cause, Order, Share, Shortage
from services.orders.domain.reallocations import Relocation, relocate
from services.orders.domain.reassignments import Reassignment, reassign
from services.orders.domain.rejections import Rejection
from services.orders.domain.repairs import Moved
from services.orders.store import orders as store
from services.orders.store.counted_events import Mark, first_time
from services.orders.usecases.orders import Step, move
from shared.consumer import Received
from shared.contracts.reassignments import REASSIGNED, ReservationReassigned
from shared.contracts.reservations import (
    BACKORDERED,
    EXPIRED,
    HELD,
    REALLOCATED,
    REJECTED,
    RELEASED,
    ReservationBackordered,
    ReservationChanged,
    ReservationReallocated,
    ReservationRejected,
)
from shared.contracts.transfers import TRANSFERRED, ReservationTransferred
from shared.database import Transaction

INSUFFICIENT_STOCK = "insufficient_stock"


async def settle(transaction: Transaction, received: Sequence[Received[Any]], now: datetime) -> None:
    """Apply the answers; a reservation whose reference is no order of ours is somebody else's and passed over."""
    marks = [_mark(answer) for answer in received if _is_counted(answer)]
    fresh = await first_time(transaction, [mark for mark in marks if store.is_identifier(mark[0])])
    steps: list[tuple[str, Step]] = []
    for answer in received:
        event, data = answer
        if _is_counted(answer):
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


def _wait(order: Order, data: ReservationBackordered, cause: Cause) -> None:
    awaited = [Awaited(units.sku, units.location_id, units.quantity, units.promised_by) for units in data.awaited]
    wait(order, data.reservation_id, awaited, cause)


def _reject(order: Order, data: ReservationRejected, cause: Cause) -> None:
    shortages = [Shortage(shortage.sku, shortage.requested, shortage.available) for shortage in data.shortages]
    promises.reject(order, shortages, cause, _other_reason(data))


def _other_reason(data: ReservationRejected) -> Rejection | None:
    """Why, where it is not for want of stock."""
    if data.code == INSUFFICIENT_STOCK:
        return None
    return Rejection(data.code, data.detail or f"Inventory refuses it: {data.code}.")


def _withdraw(order: Order, data: ReservationChanged, cause: Cause) -> None:
    """A part that is given back was given back by this order; only a promise that is gone as a whole is news.

    But for an order whose goods are sent to its store: the part may have been elsewhere.
    """
    if data.state in ("released", "expired"):
        promises.withdraw(order, data.reservation_id, cause)
    elif ships_to_store(order.fulfilment):
        travels.take_back(order, [(units.sku, units.location_id, units.quantity) for units in data.moved], cause)


def _relocate(order: Order, data: ReservationReallocated, cause: Cause) -> None:
    moved = [(units.to_location_id, units.quantity) for units in data.moved]
    relocate(order, Relocation(data.sku, data.location_id, moved, data.short, data.kept), cause)


def _reassign(order: Order, data: ReservationReassigned, cause: Cause) -> None:
    moved = [(units.sku, units.to_location_id, units.quantity) for units in data.moved]
    short = {units.sku: units.quantity for units in data.short}
    kept = {units.sku: units.quantity for units in data.kept}
    reassign(order, Reassignment(data.location_id, moved, short, kept), cause)


def _follow_transfer(order: Order, data: ReservationTransferred, cause: Cause) -> None:
    moved = [Moved(units.sku, units.from_location_id, units.to_location_id, units.quantity) for units in data.moved]
    travels.follow(order, moved, cause)


def _is_counted(answer: Received[Any]) -> bool:
    """Whether its effect adds up, so that it counts once."""
    is_part = answer.event.type == RELEASED.name and answer.data.state not in ("released", "expired")
    return is_part or answer.event.type in _COUNTED


_COUNTED = (BACKORDERED.name, REALLOCATED.name, REASSIGNED.name, TRANSFERRED.name)
"""Answers whose effect always adds up."""
_DECISIONS: Mapping[str, Callable[[Order, Any, Cause], None]] = {
    HELD.name: _grant,
    BACKORDERED.name: _wait,
    REJECTED.name: _reject,
    RELEASED.name: _withdraw,
    EXPIRED.name: _withdraw,
    REALLOCATED.name: _relocate,
    REASSIGNED.name: _reassign,
    TRANSFERRED.name: _follow_transfer,
}
