"""A site: one database with the schemas of all three services, and the bus that goes with it.

Every figure that needs a history of its own has a site of its own, so that nothing read there was left by another.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass

import asyncpg

from services.installation import BusName
from shared.bus.base import Bus, Partition
from shared.bus.opening import open_bus, started
from shared.settings import ServiceSettings
from tests.conditions import eventually_async

SECRET = "the bench signs its tokens with this"
SCHEMAS = ("inventory", "orders", "pickup")
REST_LIMIT_S = 120.0


@dataclass(frozen=True)
class Site:
    """`topic_prefix` keeps the topics of one site apart from those of the others on the same broker."""

    name: str
    database_url: str
    bus: BusName
    brokers: str
    topic_prefix: str

    @property
    def environment(self) -> Mapping[str, str]:
        """What a service, or a process of the bench, needs to work on this site."""
        return os.environ | {
            "ZAIKO_DATABASE_URL": self.database_url,
            "ZAIKO_BUS": self.bus,
            "ZAIKO_BUS_DATABASE_URL": "",
            "ZAIKO_KAFKA_BOOTSTRAP_SERVERS": self.brokers,
            "ZAIKO_TOPIC_PREFIX": self.topic_prefix,
            "ZAIKO_TOKEN_SECRET": SECRET,
            "ZAIKO_LOG_LEVEL": "WARNING",
        }

    def open_bus(self) -> Bus:
        """This site's bus, not yet started."""
        settings = ServiceSettings(
            database_url=self.database_url,
            bus=self.bus,
            bus_database_url="",
            kafka_bootstrap_servers=self.brokers,
            topic_prefix=self.topic_prefix,
        )
        return open_bus(settings)

    async def rest(self) -> None:
        """Returns once nothing is on its way any more, and autovacuum has nothing to do for what was loaded before.

        The outboxes are empty then, and every consumer has read all.
        """
        async with started(self.open_bus()) as bus:
            connection = await asyncpg.connect(self.database_url)
            try:
                await eventually_async(lambda: _is_at_rest(connection, bus), REST_LIMIT_S)
                await connection.execute("VACUUM (ANALYZE)")
            finally:
                await connection.close()


async def _is_at_rest(connection: asyncpg.Connection, bus: Bus) -> bool:
    """Whether all was through at the moment of one snapshot; the bus is asked after it, and its ends only grow."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        if any([await connection.fetchval(f"SELECT EXISTS (SELECT FROM {schema}.outbox)") for schema in SCHEMAS]):
            return False
        offsets = (f"SELECT topic, partition, next_offset FROM {schema}.consumer_offsets" for schema in SCHEMAS)
        stored = await connection.fetch(" UNION ALL ".join(offsets))
    ends: dict[Partition, int] = {}
    for topic in sorted({row["topic"] for row in stored}):
        ends.update(await bus.end_offsets(topic))
    return all(row["next_offset"] >= ends[Partition(row["topic"], row["partition"])] for row in stored)


READ_OFFSETS = """
    SELECT coalesce(sum(next_offset), 0)::bigint FROM (
        SELECT min(next_offset) AS next_offset FROM inventory.consumer_offsets WHERE topic = $1 GROUP BY partition
    ) AS read
"""
"""How many records of a topic inventory has read, offsets counting from 0 without gaps."""
