"""A steady pace, whatever the answers take; and what a bus and a commit alone take at that pace."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from statistics import median, quantiles

import asyncpg

from shared.bus.base import Bus, Message
from shared.bus.kafka import KafkaBus
from shared.bus.postgres import PostgresBus
from shared.contracts.registry import Topic
from shared.settings import ServiceSettings

TOPIC = "bench.round-trips"
"""A topic that nobody but the bench reads."""
WARM_UP_SHARE = 10
"""One in so many, the first ones, is not counted."""
COMMITTERS = 4
COMMITTED_ROWS = 1_000
_COMMIT = "UPDATE bench.commits SET value = value + 1 WHERE id = $1"


async def at_pace(count: int, per_second: float, act: Callable[[int], Awaitable[None]]) -> None:
    """Begin `act` for 0, 1, 2… at its time, whether the last has ended or not; returns when all have."""
    begin = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for number in range(count):
            early = begin + number / per_second - time.perf_counter()
            if early > 0:
                await asyncio.sleep(early)
            tasks.create_task(act(number))  # type: ignore[arg-type]


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    """Median and 99th percentile in milliseconds, without the warm-up."""
    counted = seconds[len(seconds) // WARM_UP_SHARE :]
    return {"median_ms": median(counted) * 1e3, "p99_ms": quantiles(counted, n=100)[-1] * 1e3}


def own_bus(settings: ServiceSettings) -> Bus:
    """The site's bus, with the bench's own topic on it and no other."""
    topics = {TOPIC: Topic(TOPIC)}
    if settings.bus == "kafka":
        return KafkaBus(settings.kafka_bootstrap_servers, topics=topics, topic_prefix=settings.topic_prefix)
    return PostgresBus(settings.bus_database_url or settings.database_url, topics=topics)


async def round_trips(
    bus: Bus, reader: Bus, messages: Sequence[Message], per_second: float, limit_s: float
) -> list[float]:
    """Seconds from calling `publish`, with one message at a time, until the `reader`, another's, has the record."""
    published = [0.0] * len(messages)
    seen = [0.0] * len(messages)
    numbers = {message.headers["ce_id"]: number for number, message in enumerate(messages)}
    start = await bus.end_offsets(TOPIC)

    async def read() -> None:
        async with aclosing(reader.read(TOPIC, start)) as records:  # type: ignore[type-var]
            for _ in messages:
                record = await anext(records)
                seen[numbers[record.message.headers["ce_id"]]] = time.perf_counter()

    async def publish(number: int) -> None:
        published[number] = time.perf_counter()
        await bus.publish([messages[number]._replace(topic=TOPIC)])

    async with asyncio.timeout(limit_s), asyncio.TaskGroup() as tasks:
        tasks.create_task(read())
        await at_pace(len(messages), per_second, publish)
    return [arrived - left for left, arrived in zip(published, seen, strict=True)]


async def commits(database_url: str, count: int, per_second: float, limit_s: float) -> list[float]:
    """Seconds that one UPDATE of one row takes, as a transaction of its own."""
    taken = [0.0] * count
    idle: asyncio.Queue[asyncpg.Connection] = asyncio.Queue()
    connections = [await asyncpg.connect(database_url) for _ in range(COMMITTERS)]

    async def commit(number: int) -> None:
        connection = await idle.get()
        begun = time.perf_counter()
        await connection.execute(_COMMIT, number % COMMITTED_ROWS)
        taken[number] = time.perf_counter() - begun
        idle.put_nowait(connection)

    try:
        for connection in connections:
            await connection.execute(_COMMIT, 0)  # so that each has the statement prepared
            idle.put_nowait(connection)
        async with asyncio.timeout(limit_s):
            await at_pace(count, per_second, commit)
    finally:
        for connection in connections:
            await connection.close()
    return taken
