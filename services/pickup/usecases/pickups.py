"""The steps of people at the counter and in the aisles: lock, decide, write, announce."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.pickup.domain.calendar import Calendar
from services.pickup.domain.handover import Rate, rate
from services.pickup.domain.pickups import Decision, Pickup
from services.pickup.domain.steps import MakeReady, Policy, Step, take
from services.pickup.store import pickups, stores
from services.pickup.usecases.announcements import events
from shared.database import Transaction
from shared.errors import DomainError
from shared.outbox import announce
from shared.principal import Principal

CODE_DIGITS = 6
NewCode = Callable[[], str]

Outcome = Pickup | DomainError


@dataclass(frozen=True, slots=True)
class Command:
    """Somebody asks for a step of a pickup, or rates it."""

    pickup_id: str
    step: Step | Rate
    asked_by: Principal


def new_code() -> str:
    """A code that nobody can guess before wrong codes lock the pickup."""
    return f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"


async def take_steps(
    transaction: Transaction, commands: Sequence[Command], now: datetime, policy: Policy
) -> list[Outcome]:
    """Take the steps one after the other; for each the pickup after it, or why it was refused."""
    locked = await pickups.lock(transaction, {command.pickup_id for command in commands})
    current = {pickup.pickup_id: pickup for pickup in locked}
    calendars = await _calendars(transaction, commands, current)
    outcomes: list[Outcome] = []
    decisions: list[Decision] = []
    for command in commands:
        found = _addressed(current, command)
        if isinstance(found, DomainError):
            outcomes.append(found)
            continue
        decision = _decide(found, _by_calendar(command.step, calendars.get(found.location_id)), now, policy)
        current[command.pickup_id] = decision.pickup
        decisions.append(decision)
        outcomes.append(_outcome(decision))
    # What a refusal changed is written too: that is how a wrong code counts.
    await pickups.write(transaction, [current[was.pickup_id] for was in locked if current[was.pickup_id] != was])
    announce(transaction, events(decisions, now))
    return outcomes


async def _calendars(
    transaction: Transaction, commands: Sequence[Command], current: dict[str, Pickup]
) -> dict[str, Calendar]:
    """Those of the stores where a bag may become ready now; nobody else asks until when one is held."""
    asked = {
        current[command.pickup_id].location_id
        for command in commands
        if isinstance(command.step, MakeReady) and command.pickup_id in current
    }
    return await stores.calendars(transaction, asked) if asked else {}


def _by_calendar(step: Step | Rate, calendar: Calendar | None) -> Step | Rate:
    return replace(step, calendar=calendar) if isinstance(step, MakeReady) else step


def _addressed(current: dict[str, Pickup], command: Command) -> Outcome:
    pickup = current.get(command.pickup_id)
    if pickup is None:
        return DomainError("not_found", f"There is no pickup {command.pickup_id}.")
    try:
        command.asked_by.require_location(pickup.location_id)
    except DomainError as refusal:
        return refusal
    return pickup


def _decide(pickup: Pickup, step: Step | Rate, now: datetime, policy: Policy) -> Decision:
    return rate(pickup, step, now) if isinstance(step, Rate) else take(pickup, step, now, policy)


def _outcome(decision: Decision) -> Outcome:
    refusal = decision.refusal
    return DomainError(refusal.code, refusal.detail, **refusal.extra) if refusal else decision.pickup
