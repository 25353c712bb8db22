"""What the HTTP doors of inventory open on: the writes, each decided in batches, and the database for reads."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from shared.clock import Clock
from shared.database import Database


@dataclass(frozen=True)
class Doors:
    database: Database
    clock: Clock


async def _doors(request: Request) -> Doors:
    doors: Doors = request.app.state.doors
    return doors


Inventory = Annotated[Doors, Depends(_doors)]
