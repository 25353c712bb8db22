"""What people do to an order: cancel, ship, take back. Each checks everything before it changes anything."""

from collections.abc import Mapping, Sequence

from services.orders.domain.orders import Cancelled, Cause, Order, Shipped
from services.orders.domain.promises import cancel_open, give_back
from services.orders.domain.refusals import Refused
from services.orders.domain.returns import Returned
from services.orders.domain.states import FINAL, Method, State

CANCEL = "cancel"
SHIP = "shipment"
RETURN = "return"
SHIPPABLE = (State.CONFIRMED, State.PARTIALLY_SHIPPED)


def cancel(order: Order, wanted: Mapping[str, int] | None, reason: str) -> None:
    """Cancel the wanted units of each sku, or all that is open. Raises Refused.

    A part that is cancelled before inventory has decided is announced with the decision: until then nobody knows how
    much was promised, and giving back twice would take from another customer's promise.
    """
    if order.state in FINAL:
        raise Refused("illegal_transition", f"The order is {order.state}: nothing of it can be cancelled.")
    if wanted is not None:
        open_units = {line.sku: line.open for line in order.lines}
        _check(order, wanted, open_units, "{available} of {sku} can still be cancelled")
        lines = {line.sku: line.cancel(wanted[line.sku]) for line in order.lines if line.sku in wanted}
    else:
        lines = cancel_open(order)
    give_up_units(order, lines, reason)
    order.advance(Cause(CANCEL, reason))


def give_up_units(order: Order, lines: Mapping[str, int], reason: str) -> None:
    """Say that units of the lines, cancelled a moment ago, are not wanted, and give their promises back.

    Before inventory has decided that is only said where nothing is left of the order.
    """
    cancelled = give_back(order, lines, reason)
    if order.reservation_id is not None:
        order.happenings.append(cancelled)
    elif cancelled.complete:
        order.happenings.append(Cancelled({line.sku: line.cancelled for line in order.lines}, True, reason))


def ship(order: Order, shipment: Shipped) -> None:
    """Hand units over to a carrier, at most those promised at the place. Raises Refused."""
    if order.method is not Method.SHIP or order.state not in SHIPPABLE:
        kind = "a pickup order" if order.method is Method.PICKUP else order.state
        raise Refused("illegal_transition", f"The order is {kind}: nothing of it can be shipped.")
    shares = {share.sku: share for share in order.shares if share.location_id == shipment.location_id}
    available = {sku: share.open for sku, share in shares.items()}
    _check(
        order, shipment.lines, available, f"{{available}} of {{sku}} can still be shipped from {shipment.location_id}"
    )
    for line in order.lines:
        units = shipment.lines.get(line.sku, 0)
        if units:
            line.hand_over(units)
            shares[line.sku].hand_over(units)
    order.happenings.append(shipment)
    order.advance(Cause(SHIP, f"from {shipment.location_id}"))


def take_back(order: Order, returned: Returned) -> None:
    """Take units back, at most those handed over and not yet returned. Raises Refused."""
    wanted: dict[str, int] = {}
    for units in returned.lines:
        wanted[units.sku] = wanted.get(units.sku, 0) + units.quantity
    available = {line.sku: line.handed_over - line.returned for line in order.lines}
    pointed = [units.sku for units in returned.lines]
    _check(order, wanted, available, "{available} of {sku} can still be returned", pointed)
    for line in order.lines:
        if line.sku in wanted:
            line.take_back(wanted[line.sku])
    order.happenings.append(returned)
    at = f"at {returned.location_id}"
    order.advance(Cause(RETURN, f"{at}: {returned.reason}" if returned.reason else at))


def _check(
    order: Order,
    wanted: Mapping[str, int],
    available: Mapping[str, int],
    limit: str,
    pointed: Sequence[str] | None = None,
) -> None:
    """Raises Refused for an item that was not ordered, and for more units than are available."""
    places = list(pointed or wanted)
    for sku, quantity in wanted.items():
        if order.line(sku) is None:
            raise Refused("invalid_request", f"{sku} was not ordered.", f"/lines/{places.index(sku)}/sku")
        if quantity > available.get(sku, 0):
            detail = limit.format(available=available.get(sku, 0), sku=sku)
            raise Refused("illegal_transition", f"Only {detail}.")
