"""Each test runs over both adapters, on a log of its own."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import NamedTuple
from uuid import uuid4

import pytest

from shared.bus.base import Bus
from shared.bus.kafka import KafkaBus
from shared.bus.postgres import PostgresBus
from shared.contracts.registry import Topic

TOPICS = {"plain": Topic("plain"), "other": Topic("other"), "compact": Topic("compact", compacted=True)}
PARTITIONS = 4

OpenBus = Callable[[], Awaitable[Bus]]


class Log(NamedTuple):
    """Where a log is: everything that another process needs to open it."""

    adapter: str
    address: str
    prefix: str = ""

    def bus(self) -> Bus:
        """A bus on this log, not yet started."""
        if self.adapter == "postgres":
            return PostgresBus(self.address, topics=TOPICS, partitions=PARTITIONS)
        return KafkaBus(self.address, topics=TOPICS, partitions=PARTITIONS, topic_prefix=self.prefix)


@pytest.fixture(params=["postgres", pytest.param("kafka", marks=pytest.mark.kafka)])
def log(request: pytest.FixtureRequest) -> Log:
    if request.param == "postgres":
        return Log("postgres", request.getfixturevalue("database_url"))
    return Log("kafka", request.getfixturevalue("kafka_bootstrap"), f"{uuid4().hex}.")


@pytest.fixture
async def open_bus(log: Log) -> AsyncIterator[OpenBus]:
    """Opens further buses on the same log, as other processes would."""
    opened: list[Bus] = []

    async def open_one() -> Bus:
        bus = log.bus()
        await bus.start()
        opened.append(bus)
        return bus

    yield open_one
    for bus in opened:
        await bus.stop()


@pytest.fixture
async def bus(open_bus: OpenBus) -> Bus:
    return await open_bus()
