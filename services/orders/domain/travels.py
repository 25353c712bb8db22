"""An order whose goods are sent to the store where it is collected: promises move when the units do.

Inventory says what has moved; whatever is cancelled or collected while it says so is a fact. Every function takes a
unit once: the caller sees to it that each event counts once.
"""

from collections.abc import Mapping, Sequence

from services.orders.domain.fulfilments import ships_to_store
from services.orders.domain.orders import Cancelled, Cause, Order, Promise, Share
from services.orders.domain.promises import cancel_elsewhere
from services.orders.domain.reallocations import take_moves
from services.orders.domain.reassignments import Elsewhere, seek
from services.orders.domain.repairs import Moved

COLLECTED = "collected"


def follow(order: Order, moved: Sequence[Moved], cause: Cause) -> None:
    """Promised units have left their place for the store; those that were cancelled before that was known too.

    Others that are not promised at their place any more were collected before their journey was heard of.
    """
    for units in moved:
        share = order.share_at(units.sku, units.from_location_id)
        take_moves(order, share, [(units.to_location_id, units.quantity)])
    told = "; ".join(f"{units.quantity} of {units.sku} from {units.from_location_id}" for units in moved)
    order.advance(Cause(cause.name, told))


def take_back(order: Order, released: Sequence[Promise], cause: Cause) -> None:
    """Inventory has cancelled units back, at places that need not be those where the order believed them.

    Then the promise at such a place is gone, and one where the order had cancelled it stands.
    """
    for sku, location_id, quantity in released:
        share = order.share_at(sku, location_id)
        share.released += quantity
        share.is_changed = True
        for other in _elsewhere(order, sku, location_id):
            units = min(share.released - share.cancelled, other.cancelled - other.released, share.open)
            if units > 0:
                share.cancelled += units
                other.cancelled -= units
                other.is_changed = True
    told = "; ".join(f"{quantity} of {sku} back at {place}" for sku, place, quantity in released)
    order.advance(Cause(cause.name, told))


def arrive_by_hand(order: Order, location_id: str, collected: Mapping[str, int]) -> None:
    """Units are handed over at the store of which the order thinks that they are elsewhere: they were here.

    The promises for them elsewhere are given back; where they have left with the units there is nothing to give.
    """
    if all(share.location_id == location_id for share in order.shares) or not ships_to_store(order.fulfilment):
        return
    given_back: list[Promise] = []
    for sku, quantity in collected.items():
        here = order.share_at(sku, location_id)
        for share in _elsewhere(order, sku, location_id):
            units = share.move_to(here, max(0, quantity - here.open))
            if units:
                given_back.append((sku, share.location_id, units))
        for share in _elsewhere(order, sku, location_id):
            share.move_cancelled_to(here, quantity - (here.quantity - here.handed_over))
    if given_back:
        order.happenings.append(Cancelled({}, False, COLLECTED, given_back))


def shorten(order: Order, location_id: str, missing: Mapping[str, int], cause: Cause, elsewhere: Elsewhere) -> None:
    """The store cannot find units by item: the next nearest places are asked for them at once.

    What the order does not know to be there is cancelled: it cannot be told which promise it was.
    """
    there: dict[str, int] = {}
    unknown: dict[str, int] = {}
    for sku, quantity in missing.items():
        share = order.share(sku, location_id)
        known = min(quantity, share.open) if share is not None else 0
        there |= {sku: known} if known else {}
        unknown |= {sku: quantity - known} if quantity > known else {}
    cancelled = cancel_elsewhere(order, location_id, unknown, cause.reason or cause.name)
    if cancelled.lines:
        order.happenings.append(cancelled)
    if there:
        seek(order, location_id, there, cause, elsewhere)
    else:
        order.advance(cause)


def _elsewhere(order: Order, sku: str, location_id: str) -> list[Share]:
    return [share for share in order.shares if share.sku == sku and share.location_id != location_id]
