"""Members of one process: one while it keeps up, the others while it is behind. Over both adapters."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from sqlalchemy import MetaData, text

from shared import members
from shared.background import running
from shared.bus.base import Bus
from shared.consumer import FETCH_LIMIT, Consumer, Received
from shared.contracts.locations import CHANGED
from shared.database import Database, Transaction
from shared.members import Members
from shared.tables import add_shared_tables
from tests.bus.test_consumer import told
from tests.conditions import eventually_async

EVENTS = FETCH_LIMIT * 12

APPLY = text(
    "INSERT INTO effects (event, member) SELECT event, :member FROM unnest(CAST(:events AS text[])) AS applied (event)"
)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url, "probe", pool_size=4)
    metadata = MetaData()
    add_shared_tables(metadata)
    async with database.transaction() as transaction:
        await transaction.execute(text("CREATE SCHEMA probe"))
        await transaction.run_sync(metadata.create_all)
        await transaction.execute(text("CREATE TABLE effects (event text, member integer)"))
    yield database
    await database.close()


async def test_the_others_read_while_one_is_behind_and_leave_when_it_keeps_up(
    bus: Bus, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(members, "CALM_S", 1.0)
    published = 0

    def member(number: int) -> Consumer:
        async def apply(transaction: Transaction, received: Sequence[Received[Any]]) -> None:
            await transaction.execute(APPLY, {"events": [event.id for event, _ in received], "member": number})

        return Consumer("probe", bus, database, ["plain"], {CHANGED.name: apply})

    async def publish(count: int) -> None:
        nonlocal published
        numbers = range(published, published + count)
        await bus.publish([told(str(number), key=f"S{number % 50}") for number in numbers])
        published += count

    async def applied() -> Counter[int]:
        """How many events each member has applied, by what was committed: a member that leaves rolls back."""
        async with database.reading() as connection:
            rows = await connection.execute(text("SELECT member, count(*) AS events FROM effects GROUP BY member"))
            return Counter({row.member: row.events for row in rows})

    async def all_applied() -> bool:
        async with database.reading() as connection:
            effects = (await connection.execute(text("SELECT event FROM effects"))).scalars().all()
        assert len(effects) == len(set(effects)), "an event had its effect twice"
        return len(effects) == published

    async def alone() -> bool:
        """Whether the first member has applied what was published now, on every partition."""
        before = await applied()
        await publish(50)
        await eventually_async(all_applied)
        return set(await applied() - before) == {0}

    await publish(EVENTS)
    everybody = [member(number) for number in range(3)]
    async with running(members=Members(everybody).run):
        async with asyncio.timeout(30):
            while set(await applied()) <= {0}:
                await publish(EVENTS)
        await eventually_async(all_applied)
        attempts = 0
        while not await alone():
            attempts += 1
            assert attempts < 1_000
