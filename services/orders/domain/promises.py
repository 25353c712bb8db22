"""What inventory's answers do to an order. Every function takes a repeat, and a late older event, as a no-op."""

from collections.abc import Mapping, Sequence

from services.orders.domain.orders import Cancelled, Cause, Confirmed, Order, Promise, Rejected, Share, Shortage
from services.orders.domain.rejections import Rejection
from services.orders.domain.states import FINAL, State

CANCELLED_BEFORE = "cancelled before it was promised"


def grant(order: Order, reservation_id: str, shares: Sequence[Share], cause: Cause) -> None:
    """Inventory holds the units: the order is confirmed. What was cancelled while it decided is given back."""
    waited = order.awaits_goods
    if (order.reservation_id is not None and not waited) or order.state is State.REJECTED:
        return
    order.reservation_id = reservation_id
    order.shares = list(shares)
    order.awaited = None
    for share in shares:
        share.is_changed = True
    if waited:
        _leave_out_cancelled(order)
    if order.state in (State.PENDING, State.BACKORDERED) and not order.awaits_slot:
        promised = [(share.sku, share.location_id, share.quantity - share.cancelled) for share in shares]
        order.happenings.append(Confirmed([promise for promise in promised if promise[2]]))
    too_much = {line.sku: line.cancelled for line in order.lines if line.cancelled and not waited}
    if too_much:
        order.happenings.append(give_back(order, too_much, CANCELLED_BEFORE))
    order.advance(cause)


def _leave_out_cancelled(order: Order) -> None:
    """Units that were cancelled while the order waited: inventory has been told of each.

    Those that were still to come were never held. Others it gives back place after place in the order of their ids.
    """
    for line in order.lines:
        shares = sorted((share for share in order.shares if share.sku == line.sku), key=lambda share: share.location_id)
        told = line.cancelled - (line.quantity - sum(share.quantity for share in shares))
        for share in shares:
            told -= share.cancel(max(0, told))


def reject(order: Order, shortages: Sequence[Shortage], cause: Cause, rejection: Rejection | None = None) -> None:
    """There is not enough, or something else is in the way that the `rejection` names."""
    if order.state is not State.PENDING:
        return
    order.shortages = list(shortages)
    order.rejection = rejection
    order.happenings.append(Rejected(order.shortages, rejection))
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


def cancel_at(order: Order, location_id: str, lines: Mapping[str, int], reason: str) -> Cancelled:
    """Cancel open units by item that are promised from one place; what is to be said."""
    taken: dict[str, int] = {}
    for sku, quantity in lines.items():
        share, line = order.share(sku, location_id), order.line(sku)
        units = share.cancel(quantity) if share is not None else 0
        if units and line is not None:
            line.cancel(units)
            taken[sku] = units
    released = [(sku, location_id, units) for sku, units in taken.items()]
    return Cancelled(taken, not order.open_units, reason, released)


def cancel_elsewhere(order: Order, location_id: str, lines: Mapping[str, int], reason: str) -> Cancelled:
    """Cancel open units by item that this store misses and that are promised from others; what is to be said."""
    taken: dict[str, int] = {}
    released: list[Promise] = []
    for share in sorted(order.shares, key=lambda share: share.location_id):
        line = order.line(share.sku)
        if line is None or share.location_id == location_id:
            continue
        units = share.cancel(lines.get(share.sku, 0) - taken.get(share.sku, 0))
        if units:
            line.cancel(units)
            taken[share.sku] = taken.get(share.sku, 0) + units
            released.append((share.sku, share.location_id, units))
    return Cancelled(taken, not order.open_units, reason, released, missed=True)
