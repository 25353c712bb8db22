"""Background work of a service: loops that run as long as it serves, each restarted after an unexpected fault."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import structlog

from shared.database import Database

RESTART_S = 1.0
log = structlog.get_logger(__name__)

Loop = Callable[[], Awaitable[None]]


@asynccontextmanager
async def running(**loops: Loop) -> AsyncIterator[None]:
    """Run the loops while the context is open; on leaving they are cancelled and waited for."""
    tasks = [asyncio.create_task(_supervised(name, loop), name=name) for name, loop in loops.items()]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def every(interval_s: float, work: Loop) -> Loop:
    """`work` again and again with a pause of `interval_s` seconds between."""

    async def loop() -> None:
        while True:
            await work()
            await asyncio.sleep(interval_s)

    return loop


def whenever_told(database: Database, channel: str, interval_s: float, work: Loop) -> Loop:
    """`work` as often as the channel is told of, and after `interval_s` seconds at the latest."""
    told = asyncio.Event()
    database.on(channel, lambda _: told.set())

    async def loop() -> None:
        while True:
            told.clear()
            await work()
            # Not wait_for: in Python 3.11 it loses a cancellation that comes together with the event.
            with suppress(TimeoutError):
                async with asyncio.timeout(interval_s):
                    await told.wait()

    return loop


async def _supervised(name: str, loop: Loop) -> None:
    while True:
        try:
            await loop()
        except Exception as error:
            log.error("background.restart", loop=name, exc_info=error)
        await asyncio.sleep(RESTART_S)
