"""The relay: publishes what the table `outbox` holds, in its order, one relay at a time."""

import asyncio
from contextlib import suppress

import structlog

from shared import outbox
from shared.bus.base import Bus, BusUnavailable
from shared.database import Connection, Database
from shared.statements import Statement
from shared.telemetry import RELAYED

BUNDLES_LIMIT = 64
"""So many are published together."""
POLL_S = 1.0
"""The safety net under the notification."""
STANDBY_S = 1.0
RETRY_S = 0.5

# Whoever holds this lock is the relay of its schema; it ends with the connection, so a dead relay never blocks.
_LEAD = Statement("SELECT pg_try_advisory_lock(hashtextextended('zaiko relay ' || current_schema(), 0)) AS leads")

log = structlog.get_logger(__name__)


class Relay:
    """Moves messages from one service's outbox to the bus: at least once, in order per key.

    Identity values become visible out of order, so "what is still there" is asked, never "what is above the last".
    """

    def __init__(self, database: Database, bus: Bus) -> None:
        self._database = database
        self._bus = bus
        self._wake = asyncio.Event()
        self._leads = False
        database.on(outbox.CHANNEL, self._on_announced)

    def _on_announced(self, _: str) -> bool:
        self._wake.set()
        return self._leads

    async def run(self) -> None:
        """Publish until cancelled; a second relay of the same schema stands by."""
        async with self._database.single_statement() as connection:
            try:
                while not (await _LEAD.rows(connection))[0].leads:  # noqa: ASYNC110 - another process holds it
                    await asyncio.sleep(STANDBY_S)
                self._leads = True
                await self._lead(connection)
            finally:
                self._leads = False
                # The lock belongs to this session: it must not go back to the pool.
                await connection.invalidate()

    async def empty(self) -> None:
        """Publish all there is now. Raises BusUnavailable."""
        async with self._database.single_statement() as connection:
            while await self._forward(connection):
                pass

    async def _lead(self, connection: Connection) -> None:
        while True:
            self._wake.clear()
            try:
                forwarded = await self._forward(connection)
            except BusUnavailable as error:
                log.warning("relay.bus_unavailable", error=str(error), schema=self._database.schema)
                await asyncio.sleep(RETRY_S)
                continue
            if forwarded < BUNDLES_LIMIT:  # what comes after this look wakes us
                await self._woken()

    async def _forward(self, connection: Connection) -> int:
        """Publish the oldest bundles, then take them out; how many it were."""
        ids, messages = await outbox.waiting(connection, BUNDLES_LIMIT)
        if ids:
            await self._bus.publish(messages)
            await outbox.remove(connection, ids)
            RELAYED.labels(self._database.schema).inc(len(messages))
        return len(ids)

    async def _woken(self) -> None:
        # Not wait_for: in Python 3.11 it loses a cancellation that comes together with the event.
        with suppress(TimeoutError):
            async with asyncio.timeout(POLL_S):
                await self._wake.wait()
