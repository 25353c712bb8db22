"""What the HTTP doors of pickup open on: the writes, each decided in batches, and the database for reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import Depends, Request

from services.pickup.api.answers import shown
from services.pickup.api.round_answers import round_shown
from services.pickup.api.transfer_answers import transfer_shown
from services.pickup.domain.steps import Policy
from services.pickup.store.availability import Availability
from services.pickup.store.items import Items
from services.pickup.usecases.pickups import Command, NewCode, take_steps
from services.pickup.usecases.rounds import Begin, Standing, StepCommand, begin_rounds, step_rounds
from services.pickup.usecases.transfers import TransferCommand, take_transfer_steps
from shared.clock import Clock
from shared.database import Database, Transaction
from shared.errors import DomainError
from shared.http.door import Door, Outcome, answer


@dataclass(frozen=True)
class Doors:
    """`availability` and `items` ask inventory; `preparation` is the time from an order to its bag.

    `travel` is the time that a transfer to a store takes.
    """

    database: Database
    clock: Clock
    new_code: NewCode
    steps: Door[Command]
    begin_round: Door[Begin]
    step_round: Door[StepCommand]
    step_transfer: Door[TransferCommand]
    items: Items
    availability: Availability
    preparation: timedelta
    travel: timedelta


def steps_door(database: Database, clock: Clock, policy: Policy) -> Door[Command]:
    """The door for every step of every pickup."""

    async def decide(transaction: Transaction, commands: Sequence[Command]) -> list[Outcome]:
        outcomes = await take_steps(transaction, commands, clock(), policy)
        return [
            outcome if isinstance(outcome, DomainError) else answer(shown(outcome, command.asked_by.role))
            for command, outcome in zip(commands, outcomes, strict=True)
        ]

    return Door("pickup steps", database, decide)


def begin_round_door(database: Database, clock: Clock, policy: Policy) -> Door[Begin]:
    """The door for new pick rounds."""

    async def decide(transaction: Transaction, commands: Sequence[Begin]) -> list[Outcome]:
        return [_round(outcome, 201) for outcome in await begin_rounds(transaction, commands, clock(), policy)]

    return Door("new pick rounds", database, decide)


def step_round_door(database: Database, clock: Clock, policy: Policy) -> Door[StepCommand]:
    """The door for every step of every pick round."""

    async def decide(transaction: Transaction, commands: Sequence[StepCommand]) -> list[Outcome]:
        return [_round(outcome, 200) for outcome in await step_rounds(transaction, commands, clock(), policy)]

    return Door("pick round steps", database, decide)


def step_transfer_door(database: Database, clock: Clock) -> Door[TransferCommand]:
    """The door for every step of every transfer."""

    async def decide(transaction: Transaction, commands: Sequence[TransferCommand]) -> list[Outcome]:
        return [
            outcome if isinstance(outcome, DomainError) else answer(transfer_shown(outcome.transfer, outcome.bag))
            for outcome in await take_transfer_steps(transaction, commands, clock())
        ]

    return Door("transfer steps", database, decide)


def _round(outcome: Standing | DomainError, status: int) -> Outcome:
    if isinstance(outcome, DomainError):
        return outcome
    return answer(round_shown(outcome.round, outcome.bags, outcome.moved), status)


async def _doors(request: Request) -> Doors:
    doors: Doors = request.app.state.doors
    return doors


PickupDoors = Annotated[Doors, Depends(_doors)]
