"""What happens at the counter, as it moves an order. Every function takes a repeat, or an older event, as a no-op.

Units that the counter gives up are announced as cancelled like any others: that is how inventory gets them back.
"""

from collections.abc import Mapping

from services.orders.domain import travels
from services.orders.domain.fulfilments import offers_alternatives, ships_to_store
from services.orders.domain.orders import Bag, Cause, Order
from services.orders.domain.promises import give_back, give_up
from services.orders.domain.reassignments import Elsewhere, seek
from services.orders.domain.states import FINAL, Method


def prepare(order: Order, location_id: str, bag: Bag, cause: Cause) -> None:
    """The bag is being picked, or lies at the counter."""
    if _is_counter_of(order, location_id) and bag > order.bag and order.state not in FINAL:
        order.bag = bag
        order.advance(cause)


def collect(order: Order, location_id: str, lines: Mapping[str, int], cause: Cause) -> None:
    """The customer has the bag: a fact, also where the order was cancelled a moment before.

    A bag with nothing of the order in it is none of its bags.
    """
    if not _is_counter_of(order, location_id) or order.bag is Bag.CLOSED:
        return
    handed_over = 0
    travels.arrive_by_hand(order, location_id, lines)
    for share in (share for share in order.shares if share.location_id == location_id):
        units = share.hand_over(lines.get(share.sku, 0))
        handed_over += units
        line = order.line(share.sku)
        if line is not None:
            line.hand_over(units)
    if handed_over:
        order.bag = Bag.CLOSED
        order.advance(cause)


def lapse(order: Order, location_id: str, cause: Cause, elsewhere: Elsewhere) -> None:
    """The bag will not be handed out: it was not fetched in time, or the store gave it up.

    Where the order takes another store, the nearest one is asked for it.
    """
    if not _is_counter_of(order, location_id) or order.bag is Bag.CLOSED:
        return
    order.bag = Bag.CLOSED
    if order.open_units and offers_alternatives(order.fulfilment):
        seek(order, location_id, {line.sku: line.open for line in order.lines if line.open}, cause, elsewhere)
    else:
        give_up(order, cause)


def shorten(
    order: Order, location_id: str, missing: Mapping[str, int], is_last: bool, cause: Cause, elsewhere: Elsewhere
) -> None:
    """Units that could not be found. The caller sees to it that each such event counts once.

    Only the counter knows whether they are the last of its bag: then it gives that up, and another store may have it.
    """
    if not _is_counter_of(order, location_id) or order.bag is Bag.CLOSED:
        return
    if is_last and offers_alternatives(order.fulfilment):
        lapse(order, location_id, cause, elsewhere)
        return
    if ships_to_store(order.fulfilment):
        travels.shorten(order, location_id, missing, cause, elsewhere)
        return
    taken = {line.sku: line.cancel(missing[line.sku]) for line in order.lines if line.sku in missing}
    lines = {sku: units for sku, units in taken.items() if units}
    if lines:
        order.happenings.append(give_back(order, lines, cause.reason or cause.name))
    order.advance(cause)


def _is_counter_of(order: Order, location_id: str) -> bool:
    """A bag exists only for a pickup order that was granted; a store that has failed it has no say any more.

    But for one to which the goods are sent: it keeps the bag.
    """
    is_granted = order.method is Method.PICKUP and order.reservation_id is not None
    return is_granted and (not order.was_failed_by(location_id) or ships_to_store(order.fulfilment))
