"""A steady pace, whatever the answers take; and what a bus and a commit alone take at that pace."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from statistics import median, quantiles
from typing import NamedTuple

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


class Reference(NamedTuple):
    """What cannot be less, for each message: seconds over the bus, and until the commit after it has come back."""

    round_trip: list[float]
    with_commit: list[float]


async def references(
    bus: Bus, reader: Bus, messages: Sequence[Message], database_url: str, per_second: float, limit_s: float
) -> Reference:
    """From calling `publish`, a message at a time, until another's `reader` has the record and has committed a row."""
    published = [0.0] * len(messages)
    seen = [0.0] * len(messages)
    committed = [0.0] * len(messages)
    numbers = {message.headers["ce_id"]: number for number, message in enumerate(messages)}
    start = await bus.end_offsets(TOPIC)

    async def read(commit: Callable[[int], Awaitable[None]]) -> None:
        async with aclosing(reader.read(TOPIC, start)) as records, asyncio.TaskGroup() as tasks:  # type: ignore[type-var]
            for _ in messages:
                record = await anext(records)
                number = numbers[record.message.headers["ce_id"]]
                seen[number] = time.perf_counter()
                tasks.create_task(finish(commit, number))

    async def finish(commit: Callable[[int], Awaitable[None]], number: int) -> None:
        await commit(number)
        committed[number] = time.perf_counter()

    async def publish(number: int) -> None:
        published[number] = time.perf_counter()
        await bus.publish([messages[number]._replace(topic=TOPIC)])

    async with _committing(database_url) as commit, asyncio.timeout(limit_s), asyncio.TaskGroup() as tasks:
        tasks.create_task(read(commit))
        await at_pace(len(messages), per_second, publish)
    return Reference(_between(published, seen), _between(published, committed))


@asynccontextmanager
async def _committing(database_url: str) -> AsyncIterator[Callable[[int], Awaitable[None]]]:
    """One UPDATE of one row, as a transaction of its own."""
    idle: asyncio.Queue[asyncpg.Connection] = asyncio.Queue()
    connections = [await asyncpg.connect(database_url) for _ in range(COMMITTERS)]

    async def commit(number: int) -> None:
        connection = await idle.get()
        await connection.execute(_COMMIT, number % COMMITTED_ROWS)
        idle.put_nowait(connection)

    try:
        for connection in connections:
            await connection.execute(_COMMIT, 0)  # so that each has the statement prepared
            idle.put_nowait(connection)
        yield commit
    finally:
        for connection in connections:
            await connection.close()


def _between(begun: Sequence[float], ended: Sequence[float]) -> list[float]:
    return [end - begin for begin, end in zip(begun, ended, strict=True)]
