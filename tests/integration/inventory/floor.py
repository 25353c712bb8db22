"""A shop floor whose time stands still: tills tell, the watch looks, each at an instant that the test says."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from services.inventory.settings import SCHEMA
from services.inventory.store import locations, tills
from services.inventory.usecases.till_health import Watch, watch_tills
from services.inventory.usecases.tills import Effect, record_till_events
from shared import outbox
from shared.consumer import Received, read_event
from shared.contracts.event import from_object
from shared.contracts.locations import LocationChanged
from shared.contracts.tills import TOPIC
from shared.database import Database
from shared.errors import DomainError
from shared.outbox import Outbox
from shared.statements import Row
from tests.integration.inventory.conftest import till_event

NINE = datetime(2017, 11, 20, 9, tzinfo=UTC)
SOURCE = "/locations/S1/tills/2"
SILENCE = timedelta(seconds=900)
GAP = timedelta(seconds=300)


Announced = tuple[str, dict[str, Any]]
"""The last word of an event's type, and its data."""


def after(seconds: float) -> datetime:
    """So many seconds after nine."""
    return NINE + timedelta(seconds=seconds)


def sale(number: int, source: str = SOURCE, event_id: str | None = None, **more: Any) -> dict[str, Any]:
    """A sale with a sequence number, by default the one event of its source with that number."""
    event_id = event_id or f"sale-{number}"
    return till_event(
        "sale", event_id, "2017-11-20T08:59:00Z", ("A", 1), sequence=str(number), **{"source": source, **more}
    )


def readings(*events: dict[str, Any]) -> list[Received[Any]]:
    found = [read_event(TOPIC, from_object(event)) for event in events]
    good = [reading for reading in found if isinstance(reading, Received)]
    assert len(good) == len(events)
    return good


class Floor:
    """The store S1."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def tell(self, now: datetime, *events: dict[str, Any]) -> Sequence[Effect | DomainError]:
        """One batch of events."""
        async with self.database.transaction() as transaction:
            return await record_till_events(transaction, readings(*events), now)

    async def look(self, now: datetime, listening_since: datetime = NINE - SILENCE) -> list[Announced]:
        """One look of the watch, and what it announced."""
        await self.watch(now, listening_since)
        return await self.announced()

    async def watch(self, now: datetime, listening_since: datetime = NINE - SILENCE) -> None:
        async with self.database.transaction() as transaction:
            await watch_tills(transaction, Watch(SILENCE, GAP, listening_since), now)

    async def announced(self) -> list[Announced]:
        """What was announced of tills since the last time this was asked."""
        async with self.database.transaction() as transaction:
            found = await outbox.waiting(transaction, 10_000)
            await outbox.remove(transaction, found.ids)
        health = [message for message in found.messages if message.topic == "zaiko.till-health"]
        assert all(message.key == "S1" for message in health)
        return [(message.headers["ce_type"].split(".")[2], json.loads(message.value)) for message in health]

    async def tills(self, state: str | None = None) -> dict[str, Row]:
        """What is known of every source."""
        async with self.database.reading() as connection:
            return {row.source: row for row in await tills.page(connection, None, state, None, 500)}


@asynccontextmanager
async def opened(database_url: str) -> AsyncIterator[Floor]:
    database = Database(database_url, SCHEMA, pool_size=3, outbox=Outbox())
    store = LocationChanged(location_id="S1", name="S1", kind="store", ships=True, offers_pickup=True)
    async with database.transaction() as transaction:
        await locations.put(transaction, store)
    try:
        yield Floor(database)
    finally:
        await database.close()
