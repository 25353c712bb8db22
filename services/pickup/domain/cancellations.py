"""Units that an order no longer wants, taken off its pickups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from services.pickup.domain import arrivals
from services.pickup.domain.arrivals import Places
from services.pickup.domain.pickups import Decision, Line, Pickup
from services.pickup.domain.steps import cancel


@dataclass(frozen=True, slots=True)
class Cancellation:
    """`lines` are units by SKU; `is_complete` says that nothing is left of the order.

    `places` are the units by (location_id, sku) from where they were promised, as far as the order says so and they
    are not those that the store itself misses.
    """

    lines: Mapping[str, int]
    is_complete: bool
    reason: str
    places: Places = field(default_factory=dict)


def take_off(pickups: Sequence[Pickup], cancellation: Cancellation, now: datetime) -> list[Decision]:
    """All pickups of one order after the cancellation, one decision each, in the order given.

    Units that a pickup itself gave up (short, expired, cancelled) come back as a cancellation: those are counted
    first, and only what goes beyond is taken out of bags. A collected bag stays as it is.
    """
    if not cancellation.is_complete and any(pickup.ship_to_store and pickup.is_open for pickup in pickups):
        return [_take_off_sent(pickup, cancellation, now) for pickup in pickups]
    left = dict(cancellation.lines)
    acknowledged = [acknowledge(pickup, left) for pickup in pickups]
    return [_take_off(pickup, left, cancellation, now) for pickup in acknowledged]


def _take_off_sent(pickup: Pickup, cancellation: Cancellation, now: datetime) -> Decision:
    """Of the one bag of an order whose goods are sent to its store."""
    rest = arrivals.take_off(pickup, cancellation.lines, cancellation.places, now)
    return Decision(rest) if rest.wanted or rest.awaits_answer else cancel(rest, cancellation.reason, now)


def acknowledge(pickup: Pickup, left: dict[str, int]) -> Pickup:
    """The pickup once its order has answered for units by SKU that it gave up; `left` is reduced by them."""
    return replace(pickup, lines=tuple(_acknowledge_line(line, left) for line in pickup.lines))


def _acknowledge_line(line: Line, left: dict[str, int]) -> Line:
    echoed = min(line.echo_due, left.get(line.sku, 0))
    left[line.sku] = left.get(line.sku, 0) - echoed
    return replace(line, echo_due=line.echo_due - echoed)


def _take_off(pickup: Pickup, left: dict[str, int], cancellation: Cancellation, now: datetime) -> Decision:
    if not pickup.is_open:
        return Decision(pickup)
    if cancellation.is_complete:
        rest = replace(pickup, lines=tuple(_reduced(line, line.wanted) for line in pickup.lines))
    else:
        rest = replace(pickup, lines=tuple(_reduced_by(line, left) for line in pickup.lines))
    return Decision(rest) if rest.wanted else cancel(rest, cancellation.reason, now)


def _reduced_by(line: Line, left: dict[str, int]) -> Line:
    units = min(line.wanted, left.get(line.sku, 0))
    left[line.sku] = left.get(line.sku, 0) - units
    return _reduced(line, units)


def _reduced(line: Line, units: int) -> Line:
    """The line without these units; those that lay in the bag already go back to the shelf."""
    cancelled = line.cancelled + units
    return replace(line, cancelled=cancelled, picked=min(line.picked, line.quantity - line.short - cancelled))
