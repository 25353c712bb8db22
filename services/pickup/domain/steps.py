"""The steps that people take with a pickup, decided without any I/O."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar

from services.pickup.domain.calendar import Calendar
from services.pickup.domain.deadlines import held_until, remind_at
from services.pickup.domain.handover import hand_over, withhold
from services.pickup.domain.pickups import Decision, Fact, Line, Pickup, Units, refused
from services.pickup.domain.states import StepName, after, is_possible, is_repeat


@dataclass(frozen=True, slots=True)
class Policy:
    """How long a ready bag is held, how long wrong codes lock it, how long before the end customers are reminded."""

    hold: timedelta
    lock: timedelta
    reminder: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Start:
    name: ClassVar[StepName] = "start"


@dataclass(frozen=True, slots=True)
class Pick:
    name: ClassVar[StepName] = "pick"
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Short:
    name: ClassVar[StepName] = "short"
    sku: str
    missing: int
    reason: str


@dataclass(frozen=True, slots=True)
class MakeReady:
    """`bag_location` is where the bag is put; without one it stays where it was said to be.

    `calendar` is the store's: it says until when the bag is held. Without one the store is always open.
    """

    name: ClassVar[StepName] = "make_ready"
    code: str
    bag_location: str | None = None
    calendar: Calendar | None = None


@dataclass(frozen=True, slots=True)
class PlaceBag:
    name: ClassVar[StepName] = "place_bag"
    bag_location: str


@dataclass(frozen=True, slots=True)
class Collect:
    """`collected_by` is the name of who came, where it was not the customer."""

    name: ClassVar[StepName] = "collect"
    code: str
    collected_by: str | None = None


@dataclass(frozen=True, slots=True)
class Expire:
    name: ClassVar[StepName] = "expire"


@dataclass(frozen=True, slots=True)
class Cancel:
    name: ClassVar[StepName] = "cancel"
    reason: str


Step = Start | Pick | Short | MakeReady | PlaceBag | Collect | Expire | Cancel


def take(pickup: Pickup, step: Step, now: datetime, policy: Policy) -> Decision:
    """Take the step, or refuse it; a step that has just been taken changes nothing and is no error."""
    repeated = is_repeat(step.name, pickup.state)
    if not repeated and not is_possible(step.name, pickup.state):
        return _impossible(pickup, step.name)
    if isinstance(step, Collect):
        withheld = withhold(pickup, step.code, step.collected_by, now, policy.lock)
        return withheld or (Decision(pickup) if repeated else hand_over(pickup, step.collected_by, now))
    return Decision(pickup) if repeated else _take(pickup, step, now, policy)


def _take(
    pickup: Pickup, step: Start | Pick | Short | MakeReady | PlaceBag | Expire | Cancel, now: datetime, policy: Policy
) -> Decision:
    match step:
        case Start():
            return _start(pickup, now)
        case Pick(sku, quantity):
            return _pick(pickup, sku, quantity)
        case Short(sku, missing, reason):
            return _short(pickup, sku, missing, reason, now)
        case MakeReady():
            return _make_ready(pickup, step, now, policy)
        case PlaceBag(bag_location):
            return Decision(replace(pickup, bag_location=bag_location))
        case Expire():
            return _expire(pickup, now)
        case Cancel(reason):
            return cancel(pickup, reason, now)


def _start(pickup: Pickup, now: datetime) -> Decision:
    started = replace(pickup, state=after("start", pickup.state), started_at=now)
    return Decision(started, (Fact("picking", started.wanted),))


def _pick(pickup: Pickup, sku: str, quantity: int) -> Decision:
    line = pickup.line(sku)
    if line is None:
        return _unknown_line(pickup, sku)
    if quantity > line.unpicked:
        return _too_many(pickup, line, "/quantity")
    return Decision(pickup.with_line(replace(line, picked=line.picked + quantity)))


def _short(pickup: Pickup, sku: str, missing: int, reason: str, now: datetime) -> Decision:
    line = pickup.line(sku)
    if line is None:
        return _unknown_line(pickup, sku)
    if missing > line.unpicked:
        return _too_many(pickup, line, "/missing")
    return shorten(pickup, line, missing, reason, now)


def shorten(pickup: Pickup, line: Line, missing: int, reason: str, now: datetime) -> Decision:
    """Give up units of a line that are not on the shelf; a pickup that nothing is left of is cancelled.

    Unless other places are asked for them: it stays until its order says what comes.
    """
    shortened = replace(line, short=line.short + missing, echo_due=line.echo_due + missing)
    rest = pickup.with_line(shortened)
    fact = Fact("line_short", (Units(line.sku, missing),), reason)
    if rest.wanted or rest.ship_to_store:
        return Decision(rest, (fact,))
    emptied = cancel(rest, reason, now)
    return Decision(emptied.pickup, (fact, *emptied.facts))


def _make_ready(pickup: Pickup, step: MakeReady, now: datetime, policy: Policy) -> Decision:
    if pickup.unpicked:
        units = ", ".join(f"{left.quantity} of {left.sku}" for left in pickup.unpicked)
        unpicked = [left._asdict() for left in pickup.unpicked]
        detail = f"It is picking, and neither picked nor short are {units}."
        return refused(pickup, "illegal_transition", detail, state=pickup.state, unpicked=unpicked)
    if pickup.arriving or pickup.awaits_answer:
        arriving = [coming._asdict() for coming in pickup.arriving]
        detail = "Not all of it is here yet: other places send units, or are asked for them."
        return refused(pickup, "illegal_transition", detail, state=pickup.state, arriving=arriving)
    until = held_until(now, policy.hold, step.calendar)
    ready = replace(
        pickup,
        state=after("make_ready", pickup.state),
        code=step.code,
        bag_location=step.bag_location or pickup.bag_location,
        ready_at=now,
        held_until=until,
        remind_at=remind_at(now, until, policy.reminder, step.calendar),
    )
    return Decision(ready, (Fact("ready", ready.wanted),))


def _expire(pickup: Pickup, now: datetime) -> Decision:
    reason = "not collected in time"
    expired = replace(pickup.given_up(now), state=after("expire", pickup.state), closed_at=now, reason=reason)
    return Decision(expired, (Fact("expired", pickup.wanted, reason),))


def cancel(pickup: Pickup, reason: str, now: datetime) -> Decision:
    """End an open pickup; what was still wanted of it goes back to the shelf."""
    cancelled = replace(pickup.given_up(now), state=after("cancel", pickup.state), closed_at=now, reason=reason)
    return Decision(cancelled, (Fact("cancelled", pickup.wanted, reason),))


def _impossible(pickup: Pickup, step: StepName) -> Decision:
    detail = f"It is {pickup.state}; from there, {step.replace('_', ' ')} is not possible."
    return refused(pickup, "illegal_transition", detail, state=pickup.state)


def _unknown_line(pickup: Pickup, sku: str) -> Decision:
    return refused(pickup, "not_found", f"This pickup has no line {sku}.")


def _too_many(pickup: Pickup, line: Line, pointer: str) -> Decision:
    detail = f"{line.unpicked} of {line.sku} are still to be picked, not more."
    return refused(pickup, "invalid_request", detail, errors=[{"pointer": pointer, "detail": detail}])
