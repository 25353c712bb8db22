"""Retention in the PostgreSQL log; on Kafka it is the broker's own."""

from datetime import timedelta

import asyncpg

from shared.bus.base import Message
from shared.bus.postgres import PostgresBus
from tests.bus.conftest import TOPICS
from tests.bus.test_log import numbered, read


async def test_what_is_old_goes_and_of_a_compacted_topic_only_what_has_a_successor(database_url: str) -> None:
    bus = PostgresBus(database_url, topics=TOPICS)
    await bus.start()
    await bus.publish(numbered(30) + numbered(30, topic="compact"))
    ends = await bus.end_offsets("plain")

    pruned = await bus.prune(timedelta(0))

    assert pruned == 30 + 23
    assert await read(bus, "plain") == []
    assert sorted(int(record.message.value) for record in await read(bus, "compact")) == list(range(23, 30))
    assert await bus.end_offsets("plain") == ends
    await bus.stop()


async def test_what_is_young_stays(database_url: str) -> None:
    bus = PostgresBus(database_url, topics=TOPICS)
    await bus.start()
    await bus.publish(numbered(30) + numbered(30, topic="compact"))

    assert await bus.prune() == 0
    await bus.stop()


async def test_a_reader_passes_over_what_was_pruned(database_url: str) -> None:
    bus = PostgresBus(database_url, topics=TOPICS)
    await bus.start()
    await bus.publish(numbered(10))
    await bus.prune(timedelta(0))
    await bus.publish([Message("plain", "k", {}, b"new")])

    assert [record.message.value for record in await read(bus, "plain")] == [b"new"]
    await bus.stop()


async def test_a_topic_keeps_its_number_of_partitions(database_url: str) -> None:
    for partitions in (3, 8):
        bus = PostgresBus(database_url, topics=TOPICS, partitions=partitions)
        await bus.start()
        assert len(await bus.end_offsets("plain")) == 3
        await bus.stop()


async def test_statistics_are_kept_of_where_records_are_and_not_of_what_is_in_them(database_url: str) -> None:
    bus = PostgresBus(database_url, topics=TOPICS)
    await bus.start()
    await bus.publish(numbered(30))
    connection = await asyncpg.connect(database_url)
    await connection.execute("ANALYZE bus.batches")
    rows = await connection.fetch("SELECT attname FROM pg_stats WHERE schemaname = 'bus' AND tablename = 'batches'")
    await connection.close()
    await bus.stop()
    assert {name for (name,) in rows} == {"topic", "partition", "next_offset"}
