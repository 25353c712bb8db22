"""When the shop floor sells what was promised: the order asks for its units from elsewhere, and takes the answer.

An order is never worse off for having asked: what is cancelled or shipped while inventory decides is a fact, and a
unit that was moved for nothing is given back. The caller sees to it that each event counts once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from services.orders.domain.orders import (
    Bag,
    Cancelled,
    Cause,
    LineShort,
    Order,
    Promise,
    ReallocationRequested,
    Resourced,
    Share,
)
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
    if missing.quantity and order.bag is Bag.NONE:
        order.happenings.append(
            ReallocationRequested(missing.reservation_id, missing.sku, missing.location_id, missing.quantity, plan)
        )
    order.advance(cause)


def relocate(order: Order, found: Relocation, cause: Cause) -> None:
    """Take inventory's answer: shares move, and what no place has is cancelled, or is for the counter to give up."""
    share = order.share(found.sku, found.location_id)
    if share is None:
        return
    moved, surplus = _move(order, share, found)
    if moved:
        order.happenings.append(Resourced(found.sku, found.location_id, moved))
    if surplus:
        order.happenings.append(Cancelled({}, False, OVERSOLD, surplus))
    if found.short:
        _run_short(order, share, found.short)
    order.advance(Cause(cause.name, _told(found)))


def _move(order: Order, share: Share, found: Relocation) -> tuple[list[tuple[str, int]], list[Promise]]:
    """The units that move, by place, and the promises for units that were cancelled or handed over meanwhile."""
    moved: list[tuple[str, int]] = []
    surplus: list[Promise] = []
    for place, units in found.moved:
        target = order.share(share.sku, place)
        if target is None:
            target = Share(sku=share.sku, location_id=place, quantity=0)
            order.shares.append(target)
        taken = share.move_to(target, units)
        if taken:
            moved.append((place, taken))
        if taken < units:
            surplus.append((share.sku, place, units - taken))
    return moved, surplus


def _run_short(order: Order, share: Share, short: int) -> None:
    if order.method is Method.PICKUP:
        if share.open:
            order.happenings.append(LineShort(share.sku, share.location_id, min(short, share.open), OVERSOLD))
        return
    units = share.cancel(short)
    line = order.line(share.sku)
    if units and line is not None:
        line.cancel(units)
        released = [(share.sku, share.location_id, units)]
        order.happenings.append(Cancelled({share.sku: units}, not order.open_units, OVERSOLD, released))


def _told(found: Relocation) -> str:
    """For the timeline."""
    parts = [f"{units} of {found.sku} from {place} instead of {found.location_id}" for place, units in found.moved]
    if found.short:
        parts.append(f"{found.short} of {found.sku} sold at {found.location_id}, and no other place has it")
    if found.kept:
        parts.append(f"{found.kept} of {found.sku} not lacking at {found.location_id} any more")
    return "; ".join(parts)
