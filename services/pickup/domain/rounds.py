"""A pick round: somebody walks the aisles once for several bags, and every item is picked for all of them together.

What is found goes into the bag that is due first, what is missing is missed by the one that is due last: the oldest
promise is kept before a younger one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from services.pickup.domain.pickups import Decision, Pickup, Refusal, refused
from services.pickup.domain.steps import Pick, Policy, Short, Start, Step, take


@dataclass(frozen=True, slots=True)
class End:
    """The bags that are still being picked leave the round, as they are."""


RoundStep = Pick | Short | End


class Share(NamedTuple):
    """So many units of the step are one bag's."""

    pickup_id: str
    quantity: int


@dataclass(frozen=True, slots=True)
class RoundDecision:
    """What becomes of each bag that the step moves and by how many units, or why none is moved."""

    decisions: tuple[Decision, ...] = ()
    shares: tuple[Share, ...] = ()
    refusal: Refusal | None = None


def by_due(bags: Iterable[Pickup]) -> list[Pickup]:
    """The bags in the order of their promises: the number of a bag in its round is its place in this list, from 1."""
    return sorted(bags, key=lambda bag: (bag.due_at, bag.pickup_id))


def join(bag: Pickup, round_id: str, now: datetime, policy: Policy) -> Decision:
    """The bag in the round, begun if it was not; only one that is to be picked and in no other round."""
    if bag.state not in ("requested", "picking"):
        detail = f"Pickup {bag.pickup_id} is {bag.state}; a round is made of bags that are to be picked."
        return refused(bag, "illegal_transition", detail, pickup_id=bag.pickup_id, state=bag.state)
    if bag.round_id is not None:
        detail = f"Pickup {bag.pickup_id} is picked in the round {bag.round_id}."
        return refused(bag, "conflict", detail, pickup_id=bag.pickup_id, round_id=bag.round_id)
    begun = take(bag, Start(), now, policy)
    return Decision(replace(begun.pickup, round_id=round_id), begun.facts)


def step_round(bags: Sequence[Pickup], step: RoundStep, now: datetime, policy: Policy) -> RoundDecision:
    """Take the step with the bags of one round that are being picked: all of its units, or none."""
    picking = by_due(bag for bag in bags if bag.state == "picking")
    match step:
        case End():
            return RoundDecision(tuple(Decision(replace(bag, round_id=None)) for bag in picking))
        case Pick():
            shares = _shares(picking, step.sku, step.quantity)
            steps: list[Step] = [replace(step, quantity=units) for _, units in shares]
        case Short():
            shares = _shares(picking[::-1], step.sku, step.missing)
            steps = [replace(step, missing=units) for _, units in shares]
    if sum(units for _, units in shares) < _asked(step):
        return RoundDecision(refusal=_too_many(bags, step))
    taken = tuple(take(bag, own, now, policy) for (bag, _), own in zip(shares, steps, strict=True))
    return RoundDecision(taken, tuple(Share(bag.pickup_id, units) for bag, units in shares))


def _asked(step: Pick | Short) -> int:
    return step.quantity if isinstance(step, Pick) else step.missing


def _shares(bags: Iterable[Pickup], sku: str, quantity: int) -> list[tuple[Pickup, int]]:
    """As many of the units as these bags still wait for, given to one after the other."""
    shares = []
    for bag in bags:
        units = min(quantity, _unpicked(bag, sku))
        if units:
            shares.append((bag, units))
            quantity -= units
    return shares


def _unpicked(bag: Pickup, sku: str) -> int:
    line = bag.line(sku)
    return line.unpicked if line is not None else 0


def _too_many(bags: Sequence[Pickup], step: Pick | Short) -> Refusal:
    if all(bag.line(step.sku) is None for bag in bags):
        return Refusal("not_found", f"No bag of this round has a line {step.sku}.")
    wanted = sum(_unpicked(bag, step.sku) for bag in bags if bag.state == "picking")
    detail = f"{wanted} of {step.sku} are still to be picked in this round, not more."
    pointer = "/quantity" if isinstance(step, Pick) else "/missing"
    return Refusal("invalid_request", detail, {"errors": [{"pointer": pointer, "detail": detail}]})
