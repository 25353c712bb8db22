"""What the HTTP doors of pickup open on: the writes, each decided in batches, and the database for reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import Depends, Request

from services.pickup.api.answers import shown
from services.pickup.domain.steps import Policy
from services.pickup.store.availability import Availability
from services.pickup.usecases.pickups import Command, NewCode, take_steps
from shared.clock import Clock
from shared.database import Database, Transaction
from shared.errors import DomainError
from shared.http.door import Door, Outcome, answer


@dataclass(frozen=True)
class Doors:
    """`availability` asks inventory; `preparation` is the time from an order to its bag."""

    database: Database
    clock: Clock
    new_code: NewCode
    steps: Door[Command]
    availability: Availability
    preparation: timedelta


def steps_door(database: Database, clock: Clock, policy: Policy) -> Door[Command]:
    """The door for every step of every pickup."""

    async def decide(transaction: Transaction, commands: Sequence[Command]) -> list[Outcome]:
        outcomes = await take_steps(transaction, commands, clock(), policy)
        return [
            outcome if isinstance(outcome, DomainError) else answer(shown(outcome, command.asked_by.role))
            for command, outcome in zip(commands, outcomes, strict=True)
        ]

    return Door("pickup steps", database, decide)


async def _doors(request: Request) -> Doors:
    doors: Doors = request.app.state.doors
    return doors


PickupDoors = Annotated[Doors, Depends(_doors)]
