"""What a promise from what is expected does to an order: it waits, and is confirmed when all of it is there.

The caller sees to it that each of inventory's announcements counts once.
"""

from collections.abc import Sequence

from services.orders.domain.awaited import Awaited, Backordered
from services.orders.domain.orders import Cancelled, Cause, Order
from services.orders.domain.promises import CANCELLED_BEFORE
from services.orders.domain.states import State


def wait(order: Order, reservation_id: str, awaited: Sequence[Awaited], cause: Cause) -> None:
    """Inventory holds a part at most, and promises the rest; told again, some has come or a date has moved.

    What was cancelled before the order heard of its promise is given back.
    """
    is_news = order.reservation_id is None and order.state is State.PENDING
    if not is_news and not order.awaits_goods:
        return
    order.reservation_id = reservation_id
    order.awaited = list(awaited)
    order.happenings.append(Backordered(order.awaited))
    too_much = {line.sku: line.cancelled for line in order.lines if line.cancelled}
    if is_news and too_much:
        order.happenings.append(Cancelled(too_much, not order.open_units, CANCELLED_BEFORE))
    order.advance(Cause(cause.name, _told(awaited)))


def _told(awaited: Sequence[Awaited]) -> str:
    """For the timeline."""
    return "; ".join(
        f"{units.quantity} of {units.sku} expected at {units.location_id} "
        + ("at no known date" if units.promised_by is None else f"by {units.promised_by:%Y-%m-%dT%H:%MZ}")
        for units in awaited
    )
