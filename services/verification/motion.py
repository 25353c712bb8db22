"""Orders in motion: those with an event that was made but has not yet taken effect everywhere."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.bus.base import Bus, Partition
from shared.contracts import orders, pickups, reservations

_TOPICS = [orders.TOPIC, pickups.TOPIC, reservations.TOPIC]
"""Their keys are order ids; a reservation that is no order's has another reference, and is in motion for nobody."""


async def waiting_keys(connection: AsyncConnection, schemas: Sequence[str]) -> set[str]:
    """The keys of what is still in the outboxes."""
    keys: set[str] = set()
    for schema in schemas:
        found = await connection.execute(
            text(
                f"""
                SELECT DISTINCT key FROM "{schema}".outbox, unnest(topics, keys) AS message (topic, key)
                WHERE topic = ANY(CAST(:topics AS text[]))
                """
            ),
            {"topics": _TOPICS},
        )
        keys.update(found.scalars())
    return keys


async def first_unread(connection: AsyncConnection, schemas: Sequence[str]) -> dict[Partition, int]:
    """For each partition the lowest offset that some consumer has still to read."""
    lowest: dict[Partition, int] = {}
    for schema in schemas:
        found = await connection.execute(
            text(
                f"""
                SELECT topic, partition, min(next_offset) AS next_offset FROM "{schema}".consumer_offsets
                WHERE topic = ANY(CAST(:topics AS text[])) GROUP BY topic, partition
                """
            ),
            {"topics": _TOPICS},
        )
        for row in found.all():
            partition = Partition(row.topic, row.partition)
            lowest[partition] = min(lowest.get(partition, row.next_offset), row.next_offset)
    return lowest


async def undelivered_keys(bus: Bus, first_unread: dict[Partition, int]) -> set[str]:
    """The keys of what is on the bus and not yet read by all. Raises BusUnavailable."""
    keys: set[str] = set()
    for topic in {partition.topic for partition in first_unread}:
        ends = await bus.end_offsets(topic)
        start = {partition: offset for partition, offset in first_unread.items() if partition.topic == topic}
        async for record in bus.read(topic, start, ends):
            keys.add(record.message.key)
    return keys
