"""What every bus promises to the members of a group. Runs over both adapters."""

import asyncio
import random
import sys
from collections.abc import Iterable
from contextlib import AsyncExitStack

import pytest

from shared.bus.base import Bus, Offsets, Partition, Record
from tests.bus.conftest import PARTITIONS, Log, OpenBus
from tests.bus.readers import Books, Reader, reading
from tests.bus.test_log import numbered
from tests.conditions import eventually


async def test_a_group_applies_everything_once_and_in_order(bus: Bus) -> None:
    books = Books()
    async with reading(bus, "g", ["plain", "other"], books):
        for n in range(0, 300, 30):
            await bus.publish(numbered(30, first=n) + numbered(30, first=n, topic="other"))
        await eventually(lambda: len(books.applied) == 600)

    for topic in ("plain", "other"):
        for key in range(7):
            values = [int(r.message.value) for r in books.applied if r.message[:2] == (topic, f"key-{key}")]
            assert values == list(range(key, 300, 7))


async def test_a_subscription_starts_where_its_reader_stands(bus: Bus) -> None:
    await bus.publish(numbered(30))
    books = Books()
    books.offsets |= await bus.end_offsets("plain")
    await bus.publish(numbered(5, first=100))

    async with reading(bus, "g", ["plain"], books):
        await eventually(lambda: len(books.applied) == 5)

    assert sorted(map(int, books.values)) == list(range(100, 105))


async def test_after_a_rewind_comes_again_what_was_not_stored(bus: Bus) -> None:
    await bus.publish(numbered(3, keys=1))
    reader = Reader(Books())

    async with bus.subscribe("g", ["plain"], reader.load_offsets) as subscription:
        first = await subscription.fetch()
        await subscription.rewind()

        assert list(await subscription.fetch())[: len(first)] == list(first)


async def test_a_fetch_returns_at_most_the_limit(bus: Bus) -> None:
    await bus.publish(numbered(50))
    reader = Reader(Books())
    found: list[Record] = []

    async with bus.subscribe("g", ["plain"], reader.load_offsets, limit=8) as subscription:
        while len(found) < 50:
            records = await subscription.fetch()
            assert len(records) <= 8
            found += records

    assert sorted(int(record.message.value) for record in found) == list(range(50))


async def test_groups_do_not_take_anything_from_each_other(bus: Bus) -> None:
    one, another = Books(), Books()
    async with reading(bus, "one", ["plain"], one), reading(bus, "another", ["plain"], another):
        await bus.publish(numbered(20))
        await eventually(lambda: len(one.applied) == len(another.applied) == 20)


async def test_two_members_share_the_partitions_and_one_takes_over_what_the_other_leaves(open_bus: OpenBus) -> None:
    one, another = await open_bus(), await open_bus()
    books = Books()
    published = 0

    async def publish() -> None:
        nonlocal published
        await one.publish(numbered(40, keys=40, first=published))
        published += 40

    async with AsyncExitStack() as leaving_last, AsyncExitStack() as leaving_first:
        stays = await leaving_last.enter_async_context(reading(one, "g", ["plain"], books))
        await publish()
        await eventually(lambda: len(stays.partitions) == PARTITIONS)
        leaves = await leaving_first.enter_async_context(reading(another, "g", ["plain"], books))
        for _ in range(100):
            stays.partitions.clear()
            leaves.partitions.clear()
            await publish()
            await eventually(lambda: len(books.applied) == published)
            if len(stays.partitions) == len(leaves.partitions) == PARTITIONS / 2:
                break
        assert stays.partitions.isdisjoint(leaves.partitions)

        await leaving_first.aclose()
        await publish()
        await eventually(lambda: len(books.applied) == published, 10)

    assert sorted(map(int, books.values)) == list(range(published))
    assert stays.fenced == leaves.fenced == 0


async def test_when_a_member_is_killed_another_takes_over_and_nothing_is_skipped(log: Log, bus: Bus) -> None:
    await bus.publish(numbered(40, keys=40))
    arguments = ["-m", "tests.bus.member", *log, "g", "plain"]
    doomed = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=asyncio.subprocess.PIPE)
    assert doomed.stdout is not None
    held = {int(await doomed.stdout.readline()) for _ in range(PARTITIONS)}
    assert held == set(range(PARTITIONS))

    books = Books()
    async with reading(bus, "g", ["plain"], books):
        doomed.kill()
        await doomed.wait()
        await bus.publish(numbered(40, keys=40, first=40))
        await eventually(lambda: len(books.applied) == 80)

    for key in range(40):
        assert [int(r.message.value) for r in books.applied if r.message.key == f"key-{key}"] == [key, key + 40]


@pytest.mark.parametrize("seed", range(2))
async def test_members_that_come_and_go_skip_nothing_and_apply_nothing_twice(open_bus: OpenBus, seed: int) -> None:
    chance = random.Random(seed)
    buses = [await open_bus() for _ in range(3)]
    books = Books()
    published = 0
    members: list[AsyncExitStack] = []

    for _ in range(6):
        if not members or (len(members) < 4 and chance.random() < 0.6):
            members.append(AsyncExitStack())
            await members[-1].enter_async_context(reading(chance.choice(buses), "g", ["plain", "other"], books))
        else:
            await members.pop(chance.randrange(len(members))).aclose()
        for topic in ("plain", "other"):
            await chance.choice(buses).publish(numbered(40, keys=40, first=published, topic=topic))
        published += 40
    last = AsyncExitStack()
    await last.enter_async_context(reading(buses[0], "g", ["plain", "other"], books))
    await eventually(lambda: len(books.applied) >= 2 * published)
    for member in [*members, last]:
        await member.aclose()

    for topic in ("plain", "other"):
        for key in range(40):
            values = [int(r.message.value) for r in books.applied if r.message[:2] == (topic, f"key-{key}")]
            assert values == list(range(key, published, 40))


async def test_a_fault_of_the_readers_own_books_reaches_it_and_the_next_fetch_goes_on(bus: Bus) -> None:
    await bus.publish(numbered(1))
    faults = [ConnectionRefusedError("the reader's database is away")]

    async def load_offsets(partitions: Iterable[Partition]) -> Offsets:
        if faults:
            raise faults.pop()
        return {}

    async with bus.subscribe("g", ["plain"], load_offsets) as subscription:
        with pytest.raises(ConnectionRefusedError):
            await subscription.fetch()

        assert [record.message.value for record in await subscription.fetch()] == [b"0"]
