"""Invariant 7, the part that no service can see alone: an order, its reservation and its pickup tell one story."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Order:
    """As orders has it; `units` are its open ones, place by place, in words."""

    order_id: str
    state: str
    reservation_id: str | None
    method: str
    units: str | None


@dataclass(frozen=True, slots=True)
class Promise:
    """An order's reservation as inventory has it; `open` units are still promised, `units` says which."""

    order_id: str
    reservation_id: str
    state: str
    open: int
    units: str | None


@dataclass(frozen=True, slots=True)
class Bag:
    """An order's pickup as pickup has it."""

    order_id: str
    reservation_id: str
    state: str


_UNDER_WAY = ("confirmed", "partially_shipped", "ready_for_pickup", "partially_collected")
_BAG_STATES: Mapping[str, Collection[str]] = {
    "confirmed": ("requested", "picking"),
    "ready_for_pickup": ("ready",),
    "completed": ("collected",),
    "cancelled": ("cancelled", "expired"),
    "pending": (),
    "backordered": (),
    "rejected": (),
}
"""Order state → the states its bag may be in; a state that is not named allows any."""
_GIVEN_UP = ("cancelled", "expired")
_BAG_IS_DUE = ("confirmed", "ready_for_pickup", "completed")


def disagreements(
    orders: Sequence[Order], promises: Sequence[Promise], bags: Sequence[Bag], in_motion: Collection[str]
) -> list[str]:
    """A sentence for each contradiction. Orders `in_motion` have events on their way, so they may still differ."""
    promise_of = {promise.order_id: promise for promise in promises}
    bags_of: defaultdict[str, list[Bag]] = defaultdict(list)
    for bag in bags:
        bags_of[bag.order_id].append(bag)
    known = {order.order_id for order in orders}
    found = [
        f"order {order.order_id} is {order.state}, but {fault}"
        for order in orders
        if order.order_id not in in_motion
        for fault in _faults(order, promise_of.get(order.order_id), bags_of[order.order_id])
    ]
    strays = {*promise_of, *(bag.order_id for bag in bags)} - known - set(in_motion)
    return found + [
        f"there is a promise or a pickup for an order {stray} that nobody placed" for stray in sorted(strays)
    ]


def _faults(order: Order, promise: Promise | None, bags: Sequence[Bag]) -> Iterable[str]:
    yield from _promise_faults(order, promise)
    allowed = _BAG_STATES.get(order.state)
    current = _current(bags)
    for bag in current:
        if allowed is not None and bag.state not in allowed:
            yield f"its pickup is {bag.state}"
    if len([bag for bag in current if bag.state not in _GIVEN_UP]) > 1:
        yield "several stores have its bag"
    for bag in bags:
        if bag.reservation_id != order.reservation_id:
            yield "its pickup is for another reservation"
    if order.method == "pickup" and order.state in _BAG_IS_DUE and not bags:
        yield "it has no pickup"


def _current(bags: Sequence[Bag]) -> Sequence[Bag]:
    """Those that count: a store's bag that was given up does not, once another store was asked for one."""
    return [bag for bag in bags if bag.state not in _GIVEN_UP] or bags


def _promise_faults(order: Order, promise: Promise | None) -> Iterable[str]:
    if promise is None:
        if order.reservation_id is not None:
            yield "inventory does not know its reservation"
        return
    if promise.state == "rejected":
        if order.state not in ("rejected", "cancelled"):
            yield "inventory has refused it"
    # Where its stock was held and there was no slot for it, it is rejected and the stock is given back.
    elif (order.state, promise.state) != ("rejected", "released"):
        yield from _granted_faults(order, promise)


def _granted_faults(order: Order, promise: Promise) -> Iterable[str]:
    if order.state in ("pending", "rejected"):
        yield f"inventory has a reservation for it, {promise.state}"
    elif order.reservation_id != promise.reservation_id:
        yield "inventory has another reservation for it"
    elif (order.state == "backordered") != (promise.state == "backordered"):
        yield f"its reservation is {promise.state}"
    elif order.state in _UNDER_WAY and (promise.state != "confirmed" or not promise.open):
        yield f"its reservation is {promise.state} with {promise.open} open units"
    elif order.state in ("completed", "cancelled") and promise.open:
        yield f"its reservation still promises {promise.open} units"
    elif order.units != promise.units and order.state != "backordered":
        yield f"it counts on {order.units or 'nothing'}, and its reservation promises {promise.units or 'nothing'}"
