"""Members of one process: one while it keeps up, the others while it is behind. Over both adapters."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from sqlalchemy import MetaData, text

from shared import members
from shared.bus.base import Bus
from shared.consumer import FETCH_LIMIT, Consumer, Received
from shared.contracts.locations import CHANGED
from shared.database import Database, Transaction
from shared.members import Members
from shared.tables import add_shared_tables
from tests.bus.test_consumer import told
from tests.conditions import eventually

EVENTS = FETCH_LIMIT * 12


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url, "probe", pool_size=4)
    metadata = MetaData()
    add_shared_tables(metadata)
    async with database.transaction() as transaction:
        await transaction.execute(text("CREATE SCHEMA probe"))
        await transaction.run_sync(metadata.create_all)
    yield database
    await database.close()


async def test_the_others_read_while_one_is_behind_and_leave_when_it_keeps_up(
    bus: Bus, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(members, "CALM_S", 1.0)
    applied: Counter[int] = Counter()
    seen: Counter[str] = Counter()

    def member(number: int) -> Consumer:
        async def apply(_: Transaction, received: Sequence[Received[Any]]) -> None:
            applied[number] += len(received)
            seen.update(event.id for event, _ in received)

        return Consumer("probe", bus, database, ["plain"], {CHANGED.name: apply})

    published = 0

    async def publish_much() -> None:
        nonlocal published
        numbers = range(published, published + EVENTS)
        await bus.publish([told(str(number), key=f"S{number % 50}") for number in numbers])
        published += EVENTS

    await publish_much()
    everybody = [member(number) for number in range(3)]
    reading = asyncio.create_task(Members(everybody).run())
    async with asyncio.timeout(30):
        while set(applied) <= {0}:
            await publish_much()
    await eventually(lambda: len(seen) == published)
    assert set(seen.values()) == {1}

    async def alone(number: int) -> bool:
        """Whether the first member has applied what was published now, on every partition."""
        before = applied.copy()
        await bus.publish([told(f"later-{number}-{key}", key=f"S{key}") for key in range(50)])
        await eventually(lambda: sum(applied.values()) == sum(before.values()) + 50)
        return applied[0] == before[0] + 50

    attempts = 0
    while not await alone(attempts):
        attempts += 1
        assert attempts < 1_000
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
