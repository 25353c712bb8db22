"""What inventory's answers do to an order. Every function takes a repeat, and a late older event, as a no-op."""

from collections.abc import Mapping, Sequence

from services.orders.domain.orders import Cancelled, Cause, Confirmed, Order, Promise, Rejected, Share, Shortage
from services.orders.domain.states import FINAL, State

CANCELLED_BEFORE = "cancelled before it was promised"


def grant(order: Order, reservation_id: str, shares: Sequence[Share], cause: Cause) -> None:
    """Inventory holds the units: the order is confirmed. What was cancelled while it decided is given back."""
    if order.reservation_id is not None or order.state is State.REJECTED:
        return
    order.reservation_id = reservation_id
    order.shares = list(shares)
    for share in shares:
        share.is_changed = True
    if order.state is State.PENDING:
        order.happenings.append(Confirmed([(share.sku, share.location_id, share.quantity) for share in shares]))
    too_much = {line.sku: line.cancelled for line in order.lines if line.cancelled}
    if too_much:
        order.happenings.append(give_back(order, too_much, CANCELLED_BEFORE))
    order.advance(cause)


def reject(order: Order, shortages: Sequence[Shortage], cause: Cause) -> None:
    """There is not enough."""
    if order.state is not State.PENDING:
        return
    order.shortages = list(shortages)
    order.happenings.append(Rejected(order.shortages))
    order.advance(cause)


def withdraw(order: Order, reservation_id: str, cause: Cause) -> None:
    """The whole promise is gone without this order having given it back: what is open cannot be handed over."""
    if order.reservation_id == reservation_id and order.state not in FINAL:
        give_up(order, cause)


def give_up(order: Order, cause: Cause) -> None:
    """Cancel all that is open, and say so."""
    lines = cancel_open(order)
    if lines:
        order.happenings.append(give_back(order, lines, cause.reason or cause.name))
    order.advance(cause)


def cancel_open(order: Order) -> dict[str, int]:
    """Cancel every open unit of the lines; how many of each item. The promises for them are still to be given back."""
    return {line.sku: line.cancel(line.open) for line in order.lines if line.open}


def give_back(order: Order, lines: Mapping[str, int], reason: str) -> Cancelled:
    """Give the promises for cancelled units back, place after place in the order of their ids; what is to be said."""
    left = dict(lines)
    released: list[Promise] = []
    for share in sorted(order.shares, key=lambda share: share.location_id):
        units = share.cancel(left.get(share.sku, 0))
        if units:
            left[share.sku] -= units
            released.append((share.sku, share.location_id, units))
    return Cancelled(lines, not order.open_units, reason, released)
