"""The relay publishes everything that was committed, in order, one relay at a time."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import asyncpg
import pytest
from sqlalchemy import MetaData, text

from shared.background import running
from shared.bus.base import Record
from shared.bus.postgres import PostgresBus
from shared.contracts.locations import CHANGED, TOPIC, LocationChanged
from shared.database import Database
from shared.outbox import Outbox, announce
from shared.relay import Relay
from shared.tables import add_shared_tables
from tests.conditions import eventually_async

NOW = datetime(2017, 11, 20, 9, tzinfo=UTC)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url, "probe", pool_size=12, outbox=Outbox())
    metadata = MetaData()
    add_shared_tables(metadata)
    async with database.transaction() as transaction:
        await transaction.execute(text("CREATE SCHEMA probe"))
        await transaction.run_sync(metadata.create_all)
        await transaction.execute(text("CREATE TABLE rows (key text PRIMARY KEY, value integer)"))
        await transaction.execute(text("INSERT INTO rows SELECT 'S' || n, 0 FROM generate_series(0, 2) AS n"))
    yield database
    await database.close()


@pytest.fixture
async def bus(database_url: str) -> AsyncIterator[PostgresBus]:
    bus = PostgresBus(database_url)
    await bus.start()
    yield bus
    await bus.stop()


async def change(database: Database, key: str, fails: bool = False) -> None:
    """Count a row up under its lock and announce the number."""
    async with database.transaction() as transaction:
        counted = text("UPDATE rows SET value = value + 1 WHERE key = :key RETURNING value")
        value = (await transaction.execute(counted, {"key": key})).scalar_one()
        data = LocationChanged(location_id=key, name=str(value), kind="store", ships=True, offers_pickup=True)
        announce(transaction, [CHANGED.event(data, event_id=f"{key}-{value}", source="/test", time=NOW)])
        if fails:
            raise RuntimeError("after the announcement, before the commit")


async def published(bus: PostgresBus) -> list[Record]:
    end = await bus.end_offsets(TOPIC)
    return [record async for record in bus.read(TOPIC, {}, end)]


def by_key(records: list[Record]) -> dict[str, list[int]]:
    found = defaultdict(list)
    for record in records:
        found[record.message.key].append(int(record.message.headers["ce_id"].partition("-")[2]))
    return found


async def test_what_commits_out_of_order_is_published_once_each_and_in_order_per_key(
    database: Database, bus: PostgresBus
) -> None:
    relays = [Relay(database, bus) for _ in range(2)]
    async with running(notifications=database.notifications.run, one=relays[0].run, two=relays[1].run):
        keys = [f"S{number % 3}" for number in range(150)]
        outcomes = await asyncio.gather(
            *(change(database, key, fails=number % 10 == 0) for number, key in enumerate(keys)), return_exceptions=True
        )
        committed = sum(outcome is None for outcome in outcomes)
        assert committed == 135

        async def all_are_out() -> bool:
            return len(await published(bus)) >= committed

        await eventually_async(all_are_out)
    assert {key: values == list(range(1, 46)) for key, values in by_key(await published(bus)).items()} == {
        "S0": True,
        "S1": True,
        "S2": True,
    }


async def test_a_relay_that_loses_its_database_connection_comes_back_and_loses_nothing(
    database: Database, bus: PostgresBus
) -> None:
    relay = Relay(database, bus)
    admin = await asyncpg.connect(database.url)
    async with running(notifications=database.notifications.run, relay=relay.run):
        for number in range(1, 4):
            await change(database, "S0")
            await admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ExclusiveLock'"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )

            async def is_out(wanted: int = number) -> bool:
                return wanted in by_key(await published(bus))["S0"]

            await eventually_async(is_out)
    await admin.close()
    values = by_key(await published(bus))["S0"]
    assert list(dict.fromkeys(values)) == [1, 2, 3]
