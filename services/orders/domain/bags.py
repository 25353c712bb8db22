"""What happens at the counter, as it moves an order. Every function takes a repeat, or an older event, as a no-op.

Units that the counter gives up are announced as cancelled like any others: that is how inventory gets them back.
"""

from collections.abc import Mapping

from services.orders.domain.orders import Bag, Cause, Order
from services.orders.domain.promises import give_back, give_up
from services.orders.domain.states import FINAL, Method


def prepare(order: Order, bag: Bag, cause: Cause) -> None:
    """The bag is being picked, or lies at the counter."""
    if _has_counter(order) and bag > order.bag and order.state not in FINAL:
        order.bag = bag
        order.advance(cause)


def collect(order: Order, lines: Mapping[str, int], cause: Cause) -> None:
    """The customer has the bag: a fact, also where the order was cancelled a moment before.

    A bag with nothing of the order in it is none of its bags.
    """
    if not _has_counter(order) or order.bag is Bag.CLOSED:
        return
    if sum(units.hand_over(lines.get(units.sku, 0)) for units in (*order.lines, *order.shares)):
        order.bag = Bag.CLOSED
        order.advance(cause)


def lapse(order: Order, cause: Cause) -> None:
    """The bag will not be handed out: it was not fetched in time, or the store gave it up."""
    if not _has_counter(order) or order.bag is Bag.CLOSED:
        return
    order.bag = Bag.CLOSED
    give_up(order, cause)


def shorten(order: Order, missing: Mapping[str, int], cause: Cause) -> None:
    """Units that could not be found. The caller sees to it that each such event counts once."""
    if not _has_counter(order) or order.bag is Bag.CLOSED:
        return
    taken = {line.sku: line.cancel(missing[line.sku]) for line in order.lines if line.sku in missing}
    lines = {sku: units for sku, units in taken.items() if units}
    if lines:
        order.happenings.append(give_back(order, lines, cause.reason or cause.name))
    order.advance(cause)


def _has_counter(order: Order) -> bool:
    """A bag exists only for a pickup order that was granted."""
    return order.method is Method.PICKUP and order.reservation_id is not None
