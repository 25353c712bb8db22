"""When a place fails an order: its units are asked for from the next best places, within a limit of tries.

Each place that fails an item uses up one of the item's tries, and is not asked for it again. What has no try left, or
no other place, is cancelled. The bag of a pickup order moves as a whole, or not at all.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from services.orders.domain.fulfilments import collected_at, ships_to_store, store_of
from services.orders.domain.orders import Bag, Cancelled, Cause, Order, Promise
from services.orders.domain.promises import cancel_at, cancel_elsewhere
from services.orders.domain.reallocations import take_moves
from services.orders.domain.refusals import Refused
from services.orders.domain.repairs import LineShort, Moved, ReassignmentRequested, Resourced
from services.orders.domain.sourcing import Plan
from services.orders.domain.states import Method

REJECT = "allocation rejected"
NOWHERE = "no other place has it"
"""The reason that the customer's channel is given."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Where else units may come from: `plan` takes an order, the place that fails it and those that did before.

    It answers None where no other place may give them. An item is asked for from so many other places at most as
    `tries_limit` says.
    """

    plan: Callable[[Order, str, Sequence[str]], Plan | None]
    tries_limit: int

    def has_try_left(self, order: Order, sku: str, failing: str) -> bool:
        return len({failing, *order.failed.get(sku, ())}) <= self.tries_limit


@dataclass(frozen=True, slots=True)
class Reassignment:
    """What became of units that a place will not give: (sku, place, units) that moved, units by item that did not."""

    location_id: str
    moved: Sequence[tuple[str, str, int]]
    short: Mapping[str, int]
    kept: Mapping[str, int]


def reject_allocation(
    order: Order, location_id: str, wanted: Mapping[str, int] | None, reason: str, elsewhere: Elsewhere
) -> None:
    """A place says that it will not give the wanted units of each item, or any. Raises Refused.

    It may say so twice. Of a pickup order that is for the counter to act on, which may have begun the bag already.
    """
    promised = {share.sku: share.open for share in order.shares if share.location_id == location_id}
    units = {sku: open_units for sku, open_units in promised.items() if open_units} if wanted is None else wanted
    if not units and order.was_failed_by(location_id):
        return
    _check(order, location_id, promised, units)
    cause = Cause(REJECT, f"{location_id}: {reason}")
    if _is_for_counter(order, location_id):
        order.happenings.append(LineShort(location_id, units, reason))
        order.advance(cause)
    else:
        seek(order, location_id, units, cause, elsewhere)


def _check(order: Order, location_id: str, promised: Mapping[str, int], units: Mapping[str, int]) -> None:
    if not promised:
        raise Refused("not_found", f"Nothing of the order was promised from {location_id}.")
    if not units:
        raise Refused("illegal_transition", f"Nothing of the order is to leave {location_id} any more.")
    for place, (sku, quantity) in enumerate(units.items()):
        if sku not in promised:
            raise Refused("invalid_request", f"No {sku} was promised from {location_id}.", f"/lines/{place}/sku")
        if quantity > promised[sku]:
            raise Refused("illegal_transition", f"Only {promised[sku]} of {sku} are still to leave {location_id}.")
    if _is_for_counter(order, location_id) and order.bag is not Bag.NONE:
        detail = "Its bag is begun: report what is short at the counter, or cancel the pickup there."
        raise Refused("illegal_transition", detail)


def _is_for_counter(order: Order, location_id: str) -> bool:
    """Whether the units are those of a bag at this place, and not some that are to be sent to it."""
    if order.method is not Method.PICKUP:
        return False
    return not ships_to_store(order.fulfilment) or store_of(order.fulfilment) == location_id


def seek(order: Order, location_id: str, units: Mapping[str, int], cause: Cause, elsewhere: Elsewhere) -> None:
    """Ask for open units, by item, that the place will not give; cancel those that cannot be asked for any more."""
    tried = {sku: quantity for sku, quantity in units.items() if elsewhere.has_try_left(order, sku, location_id)}
    moves_bag = order.method is Method.PICKUP and not ships_to_store(order.fulfilment)
    if moves_bag and len(tried) < len(units):
        tried = {}
    before = list(dict.fromkeys(place for sku in tried for place in order.failed.get(sku, ())))
    plan = elsewhere.plan(order, location_id, before) if tried else None
    order.fail(units, location_id)
    reason = cause.reason or cause.name
    if plan is None:
        lost = units
    else:
        lost = {sku: quantity for sku, quantity in units.items() if sku not in tried}
        order.happenings.append(
            ReassignmentRequested(_promised(order), location_id, tried, plan, together=moves_bag, reason=reason)
        )
    if lost:
        order.happenings.append(cancel_at(order, location_id, lost, reason))
    order.advance(Cause(cause.name, _decision(reason, units, tried, plan)))


def reassign(order: Order, found: Reassignment, cause: Cause) -> None:
    """Take inventory's answer: shares move, and a bag with them; what no place has is cancelled.

    A unit that was moved for nothing is given back. The caller sees to it that each answer counts once.
    """
    moved: list[Moved] = []
    surplus: list[Promise] = []
    for sku, place, units in found.moved:
        taken, left = take_moves(order, order.share_at(sku, found.location_id), [(place, units)])
        moved += taken
        surplus += left
    if moved:
        order.happenings.append(Resourced(moved, _follow(order, moved[0].to_location_id)))
    if surplus:
        order.happenings.append(Cancelled({}, False, NOWHERE, surplus))
    order.happenings += _give_up(order, found)
    order.advance(Cause(cause.name, _told(found)))


def _give_up(order: Order, found: Reassignment) -> list[Cancelled]:
    """Cancel what no place gives; what is to be said.

    Of a bag to which goods are sent also what its counter misses, and is promised there no more than it is found there:
    it is one of those that the order counts on elsewhere.
    """
    cancelled = [cancel_at(order, found.location_id, found.short, NOWHERE)]
    if found.kept and ships_to_store(order.fulfilment) and store_of(order.fulfilment) == found.location_id:
        here = cancel_at(order, found.location_id, found.kept, NOWHERE)
        rest = {sku: units - here.lines.get(sku, 0) for sku, units in found.kept.items()}
        cancelled += [here, cancel_elsewhere(order, found.location_id, rest, NOWHERE)]
    return [member for member in cancelled if member.lines]


def _follow(order: Order, location_id: str) -> str | None:
    """The bag of a pickup order is asked for where its units are now: how it is collected from now on.

    One to which goods are sent stays at its store.
    """
    if order.method is not Method.PICKUP:
        return None
    if ships_to_store(order.fulfilment):
        return order.fulfilment
    order.fulfilment = collected_at(order.fulfilment, location_id)
    order.bag = Bag.NONE
    return order.fulfilment


def _promised(order: Order) -> str:
    """The reservation of an order that has shares."""
    assert order.reservation_id is not None
    return order.reservation_id


def _decision(reason: str, units: Mapping[str, int], tried: Mapping[str, int], plan: Plan | None) -> str:
    """For the timeline."""
    parts = [reason]
    if plan is not None:
        parts.append(f"{_listed(tried)} wanted from elsewhere")
    elif tried:
        parts.append(f"no other place may give {_listed(tried)}")
    exhausted = {sku: quantity for sku, quantity in units.items() if sku not in tried}
    if exhausted:
        parts.append(f"no try is left for {_listed(exhausted)}")
    return "; ".join(parts)


def _told(found: Reassignment) -> str:
    """For the timeline."""
    parts = [f"{units} of {sku} from {place} instead of {found.location_id}" for sku, place, units in found.moved]
    if found.short:
        parts.append(f"{_listed(found.short)} not given by {found.location_id}, and no other place has it")
    if found.kept:
        parts.append(f"{_listed(found.kept)} not promised from {found.location_id} any more")
    return "; ".join(parts)


def _listed(units: Mapping[str, int]) -> str:
    return ", ".join(f"{quantity} of {sku}" for sku, quantity in units.items())
