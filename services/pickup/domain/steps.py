"""The steps that people take with a pickup, decided without any I/O."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import ClassVar

from services.pickup.domain.pickups import Decision, Fact, Line, Pickup, Refusal, Units
from services.pickup.domain.states import StepName, after, is_possible, is_repeat

WRONG_CODES_LIMIT = 5
"""So many wrong codes in a row lock a pickup."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How long a ready bag is held, and how long wrong codes lock it."""

    hold: timedelta
    lock: timedelta


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
    name: ClassVar[StepName] = "make_ready"
    code: str


@dataclass(frozen=True, slots=True)
class Collect:
    name: ClassVar[StepName] = "collect"
    code: str


@dataclass(frozen=True, slots=True)
class Expire:
    name: ClassVar[StepName] = "expire"


@dataclass(frozen=True, slots=True)
class Cancel:
    name: ClassVar[StepName] = "cancel"
    reason: str


Step = Start | Pick | Short | MakeReady | Collect | Expire | Cancel


def take(pickup: Pickup, step: Step, now: datetime, policy: Policy) -> Decision:
    """Take the step, or refuse it; a step that has just been taken changes nothing and is no error."""
    repeated = is_repeat(step.name, pickup.state)
    if not repeated and not is_possible(step.name, pickup.state):
        return _impossible(pickup, step.name)
    if isinstance(step, Collect):
        return _wrong_code(pickup, step.code, now, policy) or (Decision(pickup) if repeated else _collect(pickup, now))
    return Decision(pickup) if repeated else _take(pickup, step, now, policy)


def _take(
    pickup: Pickup, step: Start | Pick | Short | MakeReady | Expire | Cancel, now: datetime, policy: Policy
) -> Decision:
    match step:
        case Start():
            return _start(pickup, now)
        case Pick(sku, quantity):
            return _pick(pickup, sku, quantity)
        case Short(sku, missing, reason):
            return _short(pickup, sku, missing, reason, now)
        case MakeReady(code):
            return _make_ready(pickup, code, now, policy.hold)
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
    """Give up units of a line that are not on the shelf; a pickup that nothing is left of is cancelled."""
    shortened = replace(line, short=line.short + missing, echo_due=line.echo_due + missing)
    rest = pickup.with_line(shortened)
    fact = Fact("line_short", (Units(line.sku, missing),), reason)
    if rest.wanted:
        return Decision(rest, (fact,))
    emptied = cancel(rest, reason, now)
    return Decision(emptied.pickup, (fact, *emptied.facts))


def _make_ready(pickup: Pickup, code: str, now: datetime, hold: timedelta) -> Decision:
    if pickup.unpicked:
        units = ", ".join(f"{left.quantity} of {left.sku}" for left in pickup.unpicked)
        unpicked = [left._asdict() for left in pickup.unpicked]
        detail = f"It is picking, and neither picked nor short are {units}."
        return _refused(pickup, "illegal_transition", detail, state=pickup.state, unpicked=unpicked)
    ready = replace(pickup, state=after("make_ready", pickup.state), code=code, ready_at=now, held_until=now + hold)
    return Decision(ready, (Fact("ready", ready.wanted),))


def _wrong_code(pickup: Pickup, code: str, now: datetime, policy: Policy) -> Decision | None:
    """The refusal of a code, counted; None where it is the right one and may be used now."""
    if pickup.locked_until is not None and now < pickup.locked_until:
        detail = "Too many wrong codes were entered; wait until `locked_until`."
        return _refused(pickup, "locked", detail, locked_until=pickup.locked_until)
    if compare_digest(code.encode(), (pickup.code or "").encode()):
        return None
    tries = pickup.wrong_tries + 1
    if tries < WRONG_CODES_LIMIT:
        left = WRONG_CODES_LIMIT - tries
        counted = replace(pickup, wrong_tries=tries, locked_until=None)
        return _refused(
            counted, "wrong_code", f"This is not the code of this pickup; {left} more tries.", tries_left=left
        )
    locked = replace(pickup, wrong_tries=0, locked_until=now + policy.lock)
    detail = "This is not the code of this pickup, which is now locked until `locked_until`."
    return _refused(locked, "wrong_code", detail, tries_left=0, locked_until=locked.locked_until)


def _collect(pickup: Pickup, now: datetime) -> Decision:
    # A lapsed bag that nobody has put back yet is still at the counter: it is handed over.
    collected = replace(pickup, state=after("collect", pickup.state), closed_at=now, wrong_tries=0, locked_until=None)
    return Decision(collected, (Fact("collected", collected.wanted),))


def _expire(pickup: Pickup, now: datetime) -> Decision:
    reason = "not collected in time"
    expired = replace(pickup.given_up(), state=after("expire", pickup.state), closed_at=now, reason=reason)
    return Decision(expired, (Fact("expired", pickup.wanted, reason),))


def cancel(pickup: Pickup, reason: str, now: datetime) -> Decision:
    """End an open pickup; what was still wanted of it goes back to the shelf."""
    cancelled = replace(pickup.given_up(), state=after("cancel", pickup.state), closed_at=now, reason=reason)
    return Decision(cancelled, (Fact("cancelled", pickup.wanted, reason),))


def _impossible(pickup: Pickup, step: StepName) -> Decision:
    detail = f"It is {pickup.state}; from there, {step.replace('_', ' ')} is not possible."
    return _refused(pickup, "illegal_transition", detail, state=pickup.state)


def _unknown_line(pickup: Pickup, sku: str) -> Decision:
    return _refused(pickup, "not_found", f"This pickup has no line {sku}.")


def _too_many(pickup: Pickup, line: Line, pointer: str) -> Decision:
    detail = f"{line.unpicked} of {line.sku} are still to be picked, not more."
    return _refused(pickup, "invalid_request", detail, errors=[{"pointer": pointer, "detail": detail}])


def _refused(pickup: Pickup, code: str, detail: str, **extra: object) -> Decision:
    return Decision(pickup, refusal=Refusal(code, detail, extra))
