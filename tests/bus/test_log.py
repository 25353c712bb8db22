"""What every bus promises of its log: order, durability, replay. Runs over both adapters."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.bus.base import Bus, Message, Offsets, Record
from tests.bus.conftest import OpenBus

PUBLISHERS = 8
ROUNDS = 25
LARGE_BYTES = 3 * 1024 * 1024

KEYS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
HEADERS = st.dictionaries(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8), st.text(max_size=8)
)
MESSAGES = st.builds(
    Message, st.just("plain"), st.one_of(st.sampled_from(["S1", "S2"]), KEYS), HEADERS, st.binary(max_size=200)
)


def numbered(count: int, *, keys: int = 7, topic: str = "plain", first: int = 0) -> list[Message]:
    return [Message(topic, f"key-{n % keys}", {"n": str(n)}, b"%d" % n) for n in range(first, first + count)]


def by_key(messages: Sequence[Message]) -> dict[str, list[Message]]:
    sorted_out = defaultdict(list)
    for message in messages:
        sorted_out[message.key].append(message)
    return dict(sorted_out)


async def read(bus: Bus, topic: str, start: Offsets | None = None) -> list[Record]:
    """What is in the topic now, from `start` on."""
    return [record async for record in bus.read(topic, start or {}, await bus.end_offsets(topic))]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(messages=st.lists(MESSAGES, min_size=1, max_size=30))
async def test_messages_come_back_as_they_were_and_in_the_order_of_their_key(bus: Bus, messages: list[Message]) -> None:
    start = await bus.end_offsets("plain")

    await bus.publish(messages)

    found = [record.message for record in await read(bus, "plain", start)]
    assert by_key(found) == by_key(messages)


async def test_messages_with_one_key_have_one_partition_whoever_publishes_them(open_bus: OpenBus) -> None:
    for bus in [await open_bus(), await open_bus()]:
        await bus.publish(numbered(20, keys=1))

    assert len({record.partition for record in await read(bus, "plain")}) == 1


async def test_one_publish_may_name_several_topics(bus: Bus) -> None:
    await bus.publish([Message(topic, "k", {}, topic.encode()) for topic in ("plain", "other", "compact", "plain")])

    found = {
        topic: [record.message.value for record in await read(bus, topic)] for topic in ("plain", "other", "compact")
    }
    assert found == {"plain": [b"plain", b"plain"], "other": [b"other"], "compact": [b"compact"]}


async def test_many_publishers_at_once_lose_nothing_and_keep_the_order_of_their_own(open_bus: OpenBus) -> None:
    buses = [await open_bus() for _ in range(2)]

    async def publisher(name: int) -> None:
        for n in range(ROUNDS):
            pair = [
                Message("plain", f"shared-{n % 3}", {"by": str(name)}, b"%d" % n),
                Message("other", str(n), {}, b""),
            ]
            await buses[name % 2].publish(pair if name % 3 else pair[::-1])

    await asyncio.gather(*(publisher(name) for name in range(PUBLISHERS)))

    records = await read(buses[0], "plain")
    assert len(records) == PUBLISHERS * ROUNDS == len(await read(buses[0], "other"))
    seen: dict[tuple[str, str], int] = {}
    for record in records:
        writer = (record.message.headers["by"], record.message.key)
        assert int(record.message.value) > seen.get(writer, -1)
        seen[writer] = int(record.message.value)


async def test_offsets_within_a_partition_only_rise(bus: Bus) -> None:
    await asyncio.gather(*(bus.publish(numbered(10, first=n)) for n in range(0, 200, 10)))

    last: dict[object, int] = {}
    for record in await read(bus, "plain"):
        assert record.offset > last.get(record.partition, -1)
        last[record.partition] = record.offset


async def test_the_log_can_be_read_again_from_any_position(bus: Bus) -> None:
    await bus.publish(numbered(40))
    everything = await read(bus, "plain")
    middle = {record.partition: record.offset + 1 for record in everything[:25]}

    again = await read(bus, "plain", middle)

    assert sorted(again) == sorted(r for r in everything if r.offset >= middle.get(r.partition, 0))
    assert await read(bus, "plain", await bus.end_offsets("plain")) == []


async def test_reading_up_to_a_stop_leaves_out_what_came_after_it(bus: Bus) -> None:
    await bus.publish(numbered(30))
    stop = await bus.end_offsets("plain")
    await bus.publish(numbered(30, first=30))

    found = [int(record.message.value) async for record in bus.read("plain", {}, stop)]

    assert sorted(found) == list(range(30))


async def test_reading_without_a_stop_follows_the_log(bus: Bus) -> None:
    await bus.publish(numbered(3))
    following = bus.read("plain", {})
    found = [await anext(following) for _ in range(3)]
    one_more = asyncio.ensure_future(anext(following))

    await bus.publish(numbered(1, first=3))

    found.append(await asyncio.wait_for(one_more, 10))
    assert sorted(int(record.message.value) for record in found) == [0, 1, 2, 3]
    await following.aclose()  # type: ignore[attr-defined]


async def test_the_end_offset_is_the_one_that_the_next_message_gets(bus: Bus) -> None:
    await bus.publish(numbered(20))
    ends = await bus.end_offsets("plain")

    await bus.publish(numbered(1))

    (record,) = await read(bus, "plain", ends)
    assert record.offset == ends[record.partition]


@pytest.mark.parametrize("size", [0, LARGE_BYTES])
async def test_an_empty_value_and_a_large_one_arrive_whole(bus: Bus, size: int) -> None:
    value = bytes(range(256)) * (size // 256)
    await bus.publish([Message("plain", "k", {}, value), Message("plain", "k", {}, b"after")])

    assert [record.message.value for record in await read(bus, "plain")] == [value, b"after"]


async def test_publishing_nothing_is_nothing(bus: Bus) -> None:
    await bus.publish([])

    assert await read(bus, "plain") == []


async def test_a_second_start_finds_the_log_of_the_first(open_bus: OpenBus) -> None:
    first = await open_bus()
    await first.publish(numbered(5))
    await first.stop()

    second = await open_bus()

    assert len(await read(second, "plain")) == 5
