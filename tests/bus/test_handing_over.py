"""What a process appends it hands to its own readers: they ask PostgreSQL for nothing, and miss nothing either."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.bus.base import Bus, Record
from shared.bus.postgres import PostgresBus
from tests.bus.conftest import PARTITIONS, TOPICS
from tests.bus.test_log import by_key, numbered
from tests.conditions import eventually

HERE, THERE = "here", "there"


@asynccontextmanager
async def opened(database_url: str) -> AsyncIterator[PostgresBus]:
    bus = PostgresBus(database_url, topics=TOPICS, partitions=PARTITIONS)
    await bus.start()
    try:
        yield bus
    finally:
        await bus.stop()


@asynccontextmanager
async def following(bus: Bus, found: list[Record], topic: str = "plain") -> AsyncIterator[None]:
    """A reader of everything from now on."""
    start = await bus.end_offsets(topic)

    async def follow() -> None:
        async with aclosing(bus.read(topic, start)) as records:  # type: ignore[type-var]
            async for record in records:
                found.append(record)

    task = asyncio.create_task(follow())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def asked(bus: PostgresBus) -> list[str]:
    """The statements that the readers of a bus send from now on."""
    statements: list[str] = []
    for ear in bus._ears:
        ear.connection.add_query_logger(lambda query: statements.append(query.query))
    return statements


def place_in_the_log(record: Record) -> tuple[object, int]:
    return record.partition, record.offset


async def test_a_reader_asks_for_nothing_that_its_own_process_has_appended(database_url: str) -> None:
    found: list[Record] = []
    async with opened(database_url) as bus, following(bus, found):
        await bus.publish(numbered(1))
        await eventually(lambda: len(found) == 1)
        # Once it has found nothing more, it knows that it is at the end.
        await eventually(lambda: all(ear.is_through for ear in bus._ears))
        statements = asked(bus)
        for first in range(1, 101, 10):
            await bus.publish(numbered(10, first=first))
            await eventually(lambda seen=first + 10: len(found) == seen)
        assert len(statements) < 10, (
            "fewer than there were publications: only the poll, for notifications that get lost"
        )
    assert sorted(int(record.message.value) for record in found) == list(range(101))


async def test_a_reader_that_does_not_come_for_what_it_is_handed_reads_it_from_the_log(database_url: str) -> None:
    async with opened(database_url) as bus, aclosing(bus.read("plain", {})) as records:  # type: ignore[type-var]
        await bus.publish(numbered(1))
        assert (await anext(records)).message.value == b"0"
        for first in range(1, 3_001, 300):
            await bus.publish(numbered(300, first=first))
        [ear] = bus._ears
        assert sum(len(appended.messages) for appended in ear._handed) <= 1_000
        rest = [int((await anext(records)).message.value) for _ in range(3_000)]
    assert sorted(rest) == list(range(1, 3_001))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(turns=st.lists(st.tuples(st.sampled_from([HERE, THERE]), st.integers(1, 40)), min_size=1, max_size=12))
async def test_what_is_appended_here_and_elsewhere_comes_once_and_in_the_order_of_the_log(
    database_url: str, turns: Sequence[tuple[str, int]]
) -> None:
    found: dict[str, list[Record]] = {"plain": [], "other": []}
    total = sum(size for _, size in turns)
    async with opened(database_url) as here, opened(database_url) as there, AsyncExitStack() as readers:
        starts = {topic: await here.end_offsets(topic) for topic in found}
        for topic, records in found.items():
            await readers.enter_async_context(following(here, records, topic))
        first = 0
        for place, size in turns:
            messages = [message for topic in found for message in numbered(size, first=first, topic=topic)]
            await (here if place == HERE else there).publish(messages)
            first += size
        await eventually(lambda: all(len(records) >= total for records in found.values()))
        for topic, records in found.items():
            end = await here.end_offsets(topic)
            in_the_log = [record async for record in here.read(topic, starts[topic], end)]
            assert sorted(records, key=place_in_the_log) == sorted(in_the_log, key=place_in_the_log)
            for key, messages in by_key([record.message for record in records]).items():
                assert messages == sorted(messages, key=lambda message: int(message.value)), key


@pytest.mark.parametrize("publishers", [2, 6])
async def test_many_who_append_at_once_are_all_heard(database_url: str, publishers: int) -> None:
    found: list[Record] = []
    async with opened(database_url) as here, opened(database_url) as there, following(here, found):
        buses = [here, there]

        async def publish(number: int) -> None:
            for turn in range(20):
                await buses[number % 2].publish(numbered(3, first=1_000 * number + 3 * turn))

        await asyncio.gather(*(publish(number) for number in range(publishers)))
        await eventually(lambda: len(found) == publishers * 60)
    assert len({(record.partition, record.offset) for record in found}) == publishers * 60
