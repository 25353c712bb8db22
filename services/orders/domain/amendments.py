"""What a customer changes of an order: fewer units, another address. Everything is checked before anything changes."""

from collections.abc import Mapping
from typing import Any

from services.orders.domain.commands import give_up_units
from services.orders.domain.fulfilments import sent_to
from services.orders.domain.orders import Cause, Order
from services.orders.domain.refusals import Refused
from services.orders.domain.repairs import Amended
from services.orders.domain.states import FINAL, Method

AMEND = "amend"


def amend(order: Order, lines: Mapping[str, int] | None, destination: Mapping[str, Any] | None, reason: str) -> None:
    """Lower items to so many units, and send them to another destination. Raises Refused.

    Units that are not wanted any more are given back like any that are cancelled. A change that changes nothing is
    none.
    """
    if order.state in FINAL:
        raise Refused("illegal_transition", f"The order is {order.state}: nothing of it can be changed.")
    fulfilment = order.fulfilment if destination is None else _sent_elsewhere(order, destination)
    unwanted = _unwanted(order, lines or {})
    if not unwanted and fulfilment == order.fulfilment:
        return
    order.fulfilment = fulfilment
    taken = {line.sku: line.cancel(unwanted[line.sku]) for line in order.lines if line.sku in unwanted}
    standing = {line.sku: line.quantity - line.cancelled for line in order.lines if line.quantity > line.cancelled}
    order.happenings.append(Amended(standing, fulfilment, reason))
    if taken:
        give_up_units(order, taken, reason)
    order.advance(Cause(AMEND, f"{_told(order, unwanted, destination)}: {reason}"))


def _sent_elsewhere(order: Order, destination: Mapping[str, Any]) -> str:
    if order.method is not Method.SHIP:
        raise Refused("illegal_transition", "The customer collects this order: it is sent nowhere.")
    if any(line.handed_over for line in order.lines):
        raise Refused("illegal_transition", "Some of it has left already: where it goes cannot be changed any more.")
    return sent_to(order.fulfilment, destination)


def _unwanted(order: Order, lines: Mapping[str, int]) -> dict[str, int]:
    """How many units of each item are too many; without those that stay as they are."""
    unwanted: dict[str, int] = {}
    for place, (sku, quantity) in enumerate(lines.items()):
        line = order.line(sku)
        if line is None:
            raise Refused("invalid_request", f"{sku} was not ordered.", f"/lines/{place}/sku")
        standing = line.quantity - line.cancelled
        if quantity > standing:
            detail = f"{standing} of {sku} stand in the order: a quantity can only be lowered. Order more separately."
            raise Refused("invalid_request", detail, f"/lines/{place}/quantity")
        if quantity < line.handed_over:
            raise Refused("illegal_transition", f"{line.handed_over} of {sku} are with the customer already.")
        if quantity < standing:
            unwanted[sku] = standing - quantity
    return unwanted


def _told(order: Order, unwanted: Mapping[str, int], destination: Mapping[str, Any] | None) -> str:
    parts = [f"{units} fewer of {sku}" for sku, units in unwanted.items()]
    return ", ".join(parts if destination is None else [*parts, "another destination"])
