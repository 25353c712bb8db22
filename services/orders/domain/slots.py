"""What pickup's answers about slots do to an order: it is confirmed once it has both its stock and its slot.

Every function takes a repeat, and an answer that comes too late, as a no-op. What one side has granted and the other
has not comes back by itself: an order with a slot that ends says so (`Withdrawn`).
"""

from services.orders.domain.orders import Cause, Confirmed, Order, Rejected
from services.orders.domain.rejections import Rejection
from services.orders.domain.states import State


def take_slot(order: Order, cause: Cause) -> None:
    """The order has its slot; with the stock held already, that confirms it."""
    if order.slot != "wanted" or order.state is not State.PENDING:
        return
    order.slot = "taken"
    if order.reservation_id is not None:
        order.happenings.append(Confirmed(_still_promised(order)))
    order.advance(cause)


def refuse_slot(order: Order, rejection: Rejection, cause: Cause) -> None:
    """There is no slot, so there is no order: what is held for it, or will be, is given back."""
    if order.slot != "wanted" or order.state is not State.PENDING:
        return
    order.slot = "refused"
    order.rejection = rejection
    order.happenings.append(Rejected([], rejection))
    order.advance(cause)


def _still_promised(order: Order) -> list[tuple[str, str, int]]:
    """What was cancelled while the slot was asked for has been given back already."""
    shares = ((share.sku, share.location_id, share.quantity - share.cancelled) for share in order.shares)
    return [share for share in shares if share[2]]
