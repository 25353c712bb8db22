"""What the HTTP doors of inventory open on: the writes, each decided in batches, and the database for reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple

from fastapi import Depends, Request

from services.inventory.api.stock_feed import StockFeed
from services.inventory.domain.ledger import Movement
from services.inventory.settings import Settings
from services.inventory.store.items import Item
from services.inventory.usecases.channels import Opening
from services.inventory.usecases.requests import Reserve
from services.inventory.usecases.reservations import Change
from services.inventory.usecases.returns import BringBack
from shared.batching import Batcher
from shared.clock import Clock
from shared.consumer import Reading
from shared.database import Database
from shared.http.door import Door


class Wanted(NamedTuple):
    """A question of availability: each item once, at these places or everywhere, for this channel."""

    skus: tuple[str, ...]
    location_ids: frozenset[str] | None
    channel: str | None = None


@dataclass(frozen=True)
class Doors:
    database: Database
    clock: Clock
    settings: Settings
    feed: StockFeed
    availability: Batcher[Wanted, bytes]
    items: Door[Sequence[Item]]
    movements: Door[Sequence[Movement]]
    reserve: Door[Reserve]
    change_reservation: Door[Change]
    open_channel: Door[Opening]
    till_events: Door[Sequence[Reading]]
    bring_back: Door[BringBack]


def inventory(request: Request) -> Doors:
    """The doors of the app that was asked; what busy endpoints call themselves."""
    doors: Doors = request.app.state.doors
    return doors


async def _doors(request: Request) -> Doors:
    return inventory(request)


Inventory = Annotated[Doors, Depends(_doors)]
