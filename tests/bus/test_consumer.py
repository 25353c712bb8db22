"""The consumer applies every event exactly once, whatever crashes, and poison does not stop it. Over both adapters."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import MetaData, text

from shared import dead_letters
from shared.bus.base import Bus, Message
from shared.consumer import Consumer, Received
from shared.contracts.event import Event, to_headers
from shared.contracts.locations import CHANGED, LocationChanged
from shared.database import Database, Transaction
from shared.errors import DomainError
from shared.outbox import Outbox
from shared.tables import add_shared_tables
from tests.bus.conftest import Log, OpenBus
from tests.conditions import eventually_async

NOW = datetime(2017, 11, 20, 9, tzinfo=UTC)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A schema with the shared tables and one of effects."""
    database = Database(database_url, "probe", pool_size=8, outbox=Outbox())
    metadata = MetaData()
    add_shared_tables(metadata)
    async with database.transaction() as transaction:
        await transaction.execute(text("CREATE SCHEMA probe"))
        await transaction.run_sync(metadata.create_all)
        await transaction.execute(text("CREATE TABLE effects (id bigint GENERATED ALWAYS AS IDENTITY, name text)"))
    yield database
    await database.close()


def told(name: str, key: str = "S1") -> Message:
    data = LocationChanged(location_id=key, name=name, kind="store", ships=True, offers_pickup=True)
    return message(CHANGED.event(data, event_id=name, source="/test", time=NOW))


def message(event: Event) -> Message:
    return Message("plain", event.key, to_headers(event), event.data)


async def apply(transaction: Transaction, received: Sequence[Received[Any]]) -> None:
    for _, data in received:
        if data.name == "refused":
            raise DomainError("refused", "this can never take effect")
        if data.name == "poison":
            raise ZeroDivisionError
        await transaction.execute(text("INSERT INTO effects (name) VALUES (:name)"), {"name": data.name})


@asynccontextmanager
async def consuming(bus: Bus, database: Database, use_case: Any = apply) -> AsyncIterator[asyncio.Task[None]]:
    consumer = Consumer("probe", bus, database, ["plain"], {CHANGED.name: use_case})
    task = asyncio.create_task(consumer.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def effects(database: Database) -> list[str]:
    async with database.reading() as connection:
        return list((await connection.execute(text("SELECT name FROM effects ORDER BY id"))).scalars())


async def letters(database: Database) -> dict[str, str]:
    async with database.reading() as connection:
        rows = await connection.execute(text("SELECT event_id, code FROM dead_letters"))
        return {row.event_id: row.code for row in rows.all()}


async def test_a_poison_event_is_put_aside_with_its_reason_and_the_rest_of_its_batch_counts(
    bus: Bus, database: Database
) -> None:
    invalid = Event("invalid", "/test", CHANGED.name, NOW, "S1", b'{"location_id": "S1"}')
    unknown = Event("unknown", "/test", "zaiko.unheard.of.v1", NOW, "S1", b"{}")
    nameless = Message("plain", "S1", {"content-type": "application/json"}, b"\xff\xfe")
    await bus.publish(
        [told("one"), message(invalid), told("poison"), told("two"), message(unknown), told("refused"), nameless]
    )
    await bus.publish([told("three")])
    async with consuming(bus, database):

        async def all_is_settled() -> bool:
            return len(await effects(database)) == 3 and len(await letters(database)) == 5

        await eventually_async(all_is_settled)
    assert await effects(database) == ["one", "two", "three"]
    reasons = await letters(database)
    nameless_id = next(iter(reasons.keys() - {"invalid", "unknown", "poison", "refused"}))
    assert reasons == {
        "invalid": "invalid_event",
        "unknown": "unknown_event_type",
        "poison": "unexpected_fault",
        "refused": "refused",
        nameless_id: "malformed_event",
    }


async def test_what_does_not_concern_a_consumer_is_passed_over_and_remembered(bus: Bus, database: Database) -> None:
    elsewhere = [told(f"{number}", key=f"T{number % 5}") for number in range(40)]
    await bus.publish([*elsewhere[:20], told("ours"), *elsewhere[20:]])

    async def stored() -> int:
        async with database.reading() as connection:
            offsets = text("SELECT coalesce(sum(next_offset), 0)::int FROM consumer_offsets")
            return int((await connection.execute(offsets)).scalar_one())

    async def is_through() -> bool:
        return await stored() >= 41

    consumer = Consumer("probe", bus, database, ["plain"], {CHANGED.name: apply}, lambda key: key == "S1")
    task = asyncio.create_task(consumer.run())
    await eventually_async(is_through)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await effects(database) == ["ours"]

    async with consuming(bus, database):
        await bus.publish([told("ours as well")])

        async def both_count() -> bool:
            return await effects(database) == ["ours", "ours as well"]

        await eventually_async(both_count)


async def test_a_consumer_that_is_killed_at_any_moment_loses_nothing_and_repeats_nothing(
    open_bus: OpenBus, database: Database
) -> None:
    bus = await open_bus()
    names = [f"{number}" for number in range(60)]
    applied = asyncio.Event()

    async def slow(transaction: Transaction, received: Sequence[Received[Any]]) -> None:
        await apply(transaction, received[:5])
        applied.set()
        await asyncio.Event().wait()

    await bus.publish([told(name, f"S{int(name) % 3}") for name in names[:30]])
    async with consuming(bus, database, slow):
        await applied.wait()
    assert await effects(database) == []
    await bus.publish([told(name, f"S{int(name) % 3}") for name in names[30:]])

    async def all_have_arrived() -> bool:
        return len(await effects(database)) >= len(names)

    for _ in range(3):
        async with consuming(bus, database):
            await asyncio.wait([asyncio.create_task(all_have_arrived())])
    async with consuming(bus, database):
        await eventually_async(all_have_arrived)
    found = await effects(database)
    assert sorted(found, key=int) == names
    for store in range(3):
        own = [int(name) for name in found if int(name) % 3 == store]
        assert own == sorted(own)


async def test_two_members_that_believe_in_the_same_partition_never_both_take_effect(
    open_bus: OpenBus, database: Database
) -> None:
    await (await open_bus()).publish([told(str(number), f"S{number % 9}") for number in range(200)])
    zombie = Consumer("probe", await open_bus(), database, ["plain"], {CHANGED.name: apply})
    async with consuming(await open_bus(), database), consuming(await open_bus(), database):
        # Reads everything with what it knows of the offsets at the start, as a member that slept would.
        end = await zombie._bus.end_offsets("plain")
        records = [record async for record in zombie._bus.read("plain", {}, end)]
        await zombie._load_offsets(end)

        class Asleep:
            async def rewind(self) -> None:
                await zombie._load_offsets(end)

        async def all_have_arrived() -> bool:
            await zombie._take(Asleep(), records)  # type: ignore[arg-type]
            return len(await effects(database)) >= 200

        await eventually_async(all_have_arrived)
    assert sorted(await effects(database), key=int) == [str(number) for number in range(200)]


async def test_a_fault_that_passes_is_waited_out_and_nothing_is_put_aside(bus: Bus, database: Database) -> None:
    tries = 0

    async def faltering(transaction: Transaction, received: Sequence[Received[Any]]) -> None:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise OSError("the disk is away for a moment")
        await apply(transaction, received)

    await bus.publish([told("one")])
    async with consuming(bus, database, faltering):

        async def has_arrived() -> bool:
            return await effects(database) == ["one"]

        await eventually_async(has_arrived)
    assert await letters(database) == {}


async def test_what_a_database_cannot_keep_or_a_bus_not_carry_stops_nobody(
    log: Log, bus: Bus, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dead_letters, "EVENT_BYTES_LIMIT", 1_000)
    key, kept_key = ("S1\0", "S1\ufffd") if log.adapter == "kafka" else ("S1", "S1")
    strange = Message("plain", key, {"ce_id": "1", "x": "\0"}, b"{}")
    large = told("large")._replace(value=b" " * 1_001)
    await bus.publish([told("one"), strange, large, told("two")])
    async with consuming(bus, database):

        async def all_is_settled() -> bool:
            return await effects(database) == ["one", "two"] and len(await letters(database)) == 2

        await eventually_async(all_is_settled)
    async with database.reading() as connection:
        rows = (await connection.execute(text("SELECT * FROM dead_letters"))).all()
    kept = {row.code: row for row in rows}
    assert set(kept) == {"malformed_event", "event_too_large"}
    assert kept["malformed_event"].key == kept_key
    assert json.loads(kept["malformed_event"].headers) == {"ce_id": "1", "x": "\0"}
    assert kept["event_too_large"].value == large.value


async def test_a_poison_says_what_broke_and_where_but_no_statement_and_no_value(bus: Bus, database: Database) -> None:
    async def overflowing(transaction: Transaction, received: Sequence[Received[Any]]) -> None:
        for _, data in received:
            await transaction.execute(
                text("SELECT CAST(:name AS bigint) + 9223372036854775807"), {"name": int(data.name)}
            )

    await bus.publish([told("4711")])
    async with consuming(bus, database, overflowing):

        async def is_put_aside() -> bool:
            return await letters(database) == {"4711": "unexpected_fault"}

        await eventually_async(is_put_aside)
    async with database.reading() as connection:
        detail = (await connection.execute(text("SELECT detail FROM dead_letters"))).scalar_one()
    assert detail.startswith(
        "NumericValueOutOfRangeError: bigint out of range (SQLSTATE 22003), at shared/consumer.py:"
    )
    assert "SELECT" not in detail
    assert "4711" not in detail
