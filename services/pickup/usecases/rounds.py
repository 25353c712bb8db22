"""Pick rounds: several bags of a store are begun together and picked item by item."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.pickup.domain.pickups import Decision, Pickup
from services.pickup.domain.rounds import RoundStep, Share, by_due, join, step_round
from services.pickup.domain.steps import Policy
from services.pickup.store import pickups, rounds
from services.pickup.store.rounds import Round
from services.pickup.usecases.announcements import events
from shared.database import Transaction
from shared.errors import DomainError, InvalidRequest
from shared.outbox import announce
from shared.principal import Principal


@dataclass(frozen=True, slots=True)
class Begin:
    """Somebody goes for these bags, or, where none is named, for the `limit` oldest due of the store."""

    round_id: str
    location_id: str
    pickup_ids: Sequence[str]
    limit: int


@dataclass(frozen=True, slots=True)
class StepCommand:
    """Somebody asks for a step of a round."""

    round_id: str
    step: RoundStep
    asked_by: Principal


@dataclass(frozen=True, slots=True)
class Standing:
    """A round with its bags by when they are due, and the `moved` units of the step that was just taken."""

    round: Round
    bags: Sequence[Pickup]
    moved: Sequence[Share] = field(default=())


Outcome = Standing | DomainError


async def begin_rounds(
    transaction: Transaction, commands: Sequence[Begin], now: datetime, policy: Policy
) -> list[Outcome]:
    """Begin the rounds one after the other: each with all of its bags, or not at all."""
    named = await pickups.lock(transaction, {pickup_id for command in commands for pickup_id in command.pickup_ids})
    current = {pickup.pickup_id: pickup for pickup in named}
    # After all that is waited for, because these locks come in another order; they wait for nobody.
    for location_id, limit in _wanted(commands).items():
        for pickup in await pickups.lock_waiting(transaction, location_id, limit):
            current.setdefault(pickup.pickup_id, pickup)
    decisions: list[Decision] = []
    begun: list[Round] = []
    outcomes: list[Outcome] = []
    for command in commands:
        joined = _begin(command, current, now, policy)
        if isinstance(joined, DomainError):
            outcomes.append(joined)
            continue
        current |= {decision.pickup.pickup_id: decision.pickup for decision in joined}
        decisions += joined
        begun.append(Round(command.round_id, command.location_id, now))
        outcomes.append(Standing(begun[-1], by_due(decision.pickup for decision in joined)))
    await rounds.add(transaction, begun)
    await pickups.write(transaction, [decision.pickup for decision in decisions])
    announce(transaction, events(decisions, now))
    return outcomes


def _wanted(commands: Sequence[Begin]) -> dict[str, int]:
    """How many waiting bags of a store there should be to choose from, for each where somebody wants the oldest."""
    wanted: Counter[str] = Counter()
    for command in commands:
        # The named ones may be the oldest; without them there must be enough all the same.
        wanted[command.location_id] += len(command.pickup_ids) or command.limit
    choosing = {command.location_id for command in commands if not command.pickup_ids}
    return {location_id: wanted[location_id] for location_id in sorted(choosing)}


def _begin(command: Begin, current: dict[str, Pickup], now: datetime, policy: Policy) -> list[Decision] | DomainError:
    chosen = _named(command, current) if command.pickup_ids else _oldest(command, current)
    if isinstance(chosen, DomainError):
        return chosen
    joined = [join(bag, command.round_id, now, policy) for bag in chosen]
    for decision in joined:
        if decision.refusal is not None:
            return DomainError(decision.refusal.code, decision.refusal.detail, **decision.refusal.extra)
    return joined


def _named(command: Begin, current: dict[str, Pickup]) -> list[Pickup] | DomainError:
    chosen = []
    for place, pickup_id in enumerate(command.pickup_ids):
        bag = current.get(pickup_id)
        if bag is None or bag.location_id != command.location_id:
            return InvalidRequest(f"/pickup_ids/{place}", f"{command.location_id} has no pickup {pickup_id}")
        chosen.append(bag)
    return chosen


def _oldest(command: Begin, current: dict[str, Pickup]) -> list[Pickup] | DomainError:
    waiting = [bag for bag in current.values() if bag.location_id == command.location_id and bag.state == "requested"]
    if not waiting:
        return DomainError("nothing_to_pick", f"No bag waits to be picked at {command.location_id}.")
    return by_due(waiting)[: command.limit]


async def step_rounds(
    transaction: Transaction, commands: Sequence[StepCommand], now: datetime, policy: Policy
) -> list[Outcome]:
    """Take the steps one after the other; for each the round after it, or why it was refused."""
    round_ids = {command.round_id for command in commands}
    known = await rounds.named(transaction, round_ids)
    locked = await pickups.lock_of_rounds(transaction, round_ids)
    current = {pickup.pickup_id: pickup for pickup in locked}
    decisions: list[Decision] = []
    outcomes: list[Outcome] = []
    for command in commands:
        refused = _refused(known.get(command.round_id), command)
        if refused is not None:
            outcomes.append(refused)
            continue
        bags = [bag for bag in current.values() if bag.round_id == command.round_id]
        taken = step_round(bags, command.step, now, policy)
        current |= {decision.pickup.pickup_id: decision.pickup for decision in taken.decisions}
        decisions += taken.decisions
        if taken.refusal is not None:
            outcomes.append(DomainError(taken.refusal.code, taken.refusal.detail, **taken.refusal.extra))
        else:
            after = by_due(bag for bag in current.values() if bag.round_id == command.round_id)
            outcomes.append(Standing(known[command.round_id], after, taken.shares))
    await pickups.write(transaction, [current[was.pickup_id] for was in locked if current[was.pickup_id] != was])
    announce(transaction, events(decisions, now))
    return outcomes


def _refused(found: Round | None, command: StepCommand) -> DomainError | None:
    if found is None:
        return DomainError("not_found", f"There is no pick round {command.round_id}.")
    try:
        command.asked_by.require_location(found.location_id)
    except DomainError as refusal:
        return refusal
    return None
