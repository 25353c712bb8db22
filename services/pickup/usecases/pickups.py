"""The steps of people at the counter and in the aisles: lock, decide, write, announce."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.pickup.domain.pickups import Decision, Pickup
from services.pickup.domain.steps import Policy, Step, take
from services.pickup.store import pickups
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
    """Somebody asks for a step of a pickup."""

    pickup_id: str
    step: Step
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
    outcomes: list[Outcome] = []
    decisions: list[Decision] = []
    for command in commands:
        found = _addressed(current, command)
        if isinstance(found, DomainError):
            outcomes.append(found)
            continue
        decision = take(found, command.step, now, policy)
        current[command.pickup_id] = decision.pickup
        decisions.append(decision)
        outcomes.append(_outcome(decision))
    # What a refusal changed is written too: that is how a wrong code counts.
    await pickups.write(transaction, [current[was.pickup_id] for was in locked if current[was.pickup_id] != was])
    announce(transaction, events(decisions, now))
    return outcomes


def _addressed(current: dict[str, Pickup], command: Command) -> Outcome:
    pickup = current.get(command.pickup_id)
    if pickup is None:
        return DomainError("not_found", f"There is no pickup {command.pickup_id}.")
    try:
        command.asked_by.require_location(pickup.location_id)
    except DomainError as refusal:
        return refusal
    return pickup


def _outcome(decision: Decision) -> Outcome:
    refusal = decision.refusal
    return DomainError(refusal.code, refusal.detail, **refusal.extra) if refusal else decision.pickup
