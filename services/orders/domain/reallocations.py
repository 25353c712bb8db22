"""When the shop floor sells what was promised: the order asks for its units from elsewhere, and takes the answer.

An order is never worse off for having asked: what is cancelled or shipped while inventory decides is a fact, and a
unit that was moved for nothing is given back. The caller sees to it that each event counts once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from services.orders.domain.fulfilments import ships_to_store, store_of
from services.orders.domain.orders import Bag, Cancelled, Cause, Order, Promise, Share
from services.orders.domain.promises import cancel_at
from services.orders.domain.repairs import LineShort, Moved, ReallocationRequested, Resourced
from services.orders.domain.sourcing import Plan
from services.orders.domain.states import FINAL, Method

OVERSOLD = "oversold"
"""The reason that the customer's channel is given."""


@dataclass(frozen=True, slots=True)
class Missing:
    """Units of a promise that are not at their place any more."""

    reservation_id: str
    sku: str
    location_id: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Relocation:
    """What became of missing units: `moved` by place; `short` are at no place, `kept` are not lacking any more."""

    sku: str
    location_id: str
    moved: Sequence[tuple[str, int]]
    short: int
    kept: int


def missing_of_each(quantities: Sequence[int], shortfall: int) -> list[int]:
    """How many units each promise lacks, where the first ones lose first."""
    lacking = []
    for quantity in quantities:
        units = min(quantity, shortfall)
        lacking.append(units)
        shortfall -= units
    return lacking


def ask(order: Order, missing: Missing, plan: Plan | None, cause: Cause) -> None:
    """Want the units from elsewhere, unless a bag is begun: it keeps what it has.

    An order may be at risk where it has not heard yet that it is promised anything; inventory knows it already, and
    moves no unit that is not lacking when it decides. So nothing is asked for too often, and all is asked for.
    """
    if order.state in FINAL:
        return
    if missing.quantity and not _is_in_bag(order, missing.location_id):
        if plan is not None:
            order.fail([missing.sku], missing.location_id)
        order.happenings.append(
            ReallocationRequested(missing.reservation_id, missing.sku, missing.location_id, missing.quantity, plan)
        )
    order.advance(cause)


def _is_in_bag(order: Order, location_id: str) -> bool:
    """Whether the units of this place are those of a bag that is begun."""
    if order.bag is Bag.NONE:
        return False
    return not ships_to_store(order.fulfilment) or store_of(order.fulfilment) == location_id


def relocate(order: Order, found: Relocation, cause: Cause) -> None:
    """Take inventory's answer: shares move, and what no place has is cancelled, or is for the counter to give up."""
    share = order.share(found.sku, found.location_id)
    if share is None:
        return
    moved, surplus = take_moves(order, share, found.moved)
    if moved:
        order.happenings.append(Resourced(moved, order.fulfilment if ships_to_store(order.fulfilment) else None))
    if surplus:
        order.happenings.append(Cancelled({}, False, OVERSOLD, surplus))
    if found.short:
        _run_short(order, share, found.short)
    order.advance(Cause(cause.name, _told(found)))


def take_moves(order: Order, share: Share, found: Sequence[tuple[str, int]]) -> tuple[list[Moved], list[Promise]]:
    """The units that move, by place, and the promises for units that were cancelled or handed over meanwhile."""
    moved: list[Moved] = []
    surplus: list[Promise] = []
    for place, units in found:
        other = order.share_at(share.sku, place)
        taken = share.move_to(other, units)
        if taken:
            moved.append(Moved(share.sku, share.location_id, place, taken))
        if taken < units:
            # What is sent to a store and was cancelled meanwhile comes back from wherever it is.
            coming_back = share.cancelled - share.released if ships_to_store(order.fulfilment) else 0
            taken += share.move_cancelled_to(other, min(coming_back, units - taken))
        if taken < units:
            surplus.append((share.sku, place, units - taken))
    return moved, surplus


def _run_short(order: Order, share: Share, short: int) -> None:
    is_sent = ships_to_store(order.fulfilment)
    if order.method is Method.PICKUP and (not is_sent or store_of(order.fulfilment) == share.location_id):
        # A store that has failed the order has been asked for all of it already; but if it is sent there, it keeps it.
        if share.open and (is_sent or not order.was_failed_by(share.location_id)):
            order.happenings.append(LineShort(share.location_id, {share.sku: min(short, share.open)}, OVERSOLD))
        return
    cancelled = cancel_at(order, share.location_id, {share.sku: short}, OVERSOLD)
    if cancelled.lines:
        order.happenings.append(cancelled)


def _told(found: Relocation) -> str:
    """For the timeline."""
    parts = [f"{units} of {found.sku} from {place} instead of {found.location_id}" for place, units in found.moved]
    if found.short:
        parts.append(f"{found.short} of {found.sku} sold at {found.location_id}, and no other place has it")
    if found.kept:
        parts.append(f"{found.kept} of {found.sku} not lacking at {found.location_id} any more")
    return "; ".join(parts)
