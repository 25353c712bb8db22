"""The relay: publishes what the outbox holds, in its order, one relay at a time."""

import asyncio
import json
from contextlib import suppress

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.bus.base import Bus, BusUnavailable, Message
from shared.database import Database, Statement
from shared.notifications import Notifications
from shared.outbox import CHANNEL
from shared.telemetry import RELAYED

BATCH_LIMIT = 1_000
POLL_S = 1.0
"""The safety net under the notification."""
STANDBY_S = 1.0
RETRY_S = 0.5

# Whoever holds this lock is the relay of its schema; it ends with the connection, so a dead relay never blocks.
_LEAD = Statement("SELECT pg_try_advisory_lock(hashtextextended('zaiko relay ' || current_schema(), 0)) AS leads")
# Identity values become visible out of order, so "what is still there" is asked, never "what is above the last".
_WAITING = Statement("SELECT id, topic, key, headers, value FROM outbox ORDER BY id LIMIT :limit")
_PUBLISHED = Statement("DELETE FROM outbox WHERE id = ANY(:ids)")
# Losing a deletion in a crash only publishes a message twice, which every reader takes; so it need not wait for disk.
_DELETIONS_MAY_BE_LOST = text("SET synchronous_commit = off")

log = structlog.get_logger(__name__)


class Relay:
    """Moves messages from one service's outbox to the bus: at least once, in order per key."""

    def __init__(self, database: Database, bus: Bus, notifications: Notifications) -> None:
        self._database = database
        self._bus = bus
        self._wake = asyncio.Event()
        notifications.on(CHANNEL, self._on_notification)

    def _on_notification(self, schema: str) -> None:
        if schema in ("", self._database.schema):
            self._wake.set()

    async def run(self) -> None:
        """Publish until cancelled; a second relay of the same schema stands by."""
        async with self._database.reading() as connection:
            await connection.execute(_DELETIONS_MAY_BE_LOST)
            try:
                while not (await _LEAD.rows(connection))[0].leads:  # noqa: ASYNC110 - another process holds it
                    await asyncio.sleep(STANDBY_S)
                await self._lead(connection)
            finally:
                # The lock and the setting belong to this session: it must not go back to the pool.
                await connection.invalidate()

    async def _lead(self, connection: AsyncConnection) -> None:
        while True:
            self._wake.clear()
            try:
                full = await self._publish_waiting(connection)
            except BusUnavailable as error:
                log.warning("relay.bus_unavailable", error=str(error), schema=self._database.schema)
                await asyncio.sleep(RETRY_S)
                continue
            if not full:
                await self._woken()

    async def _publish_waiting(self, connection: AsyncConnection) -> bool:
        rows = await _WAITING.rows(connection, limit=BATCH_LIMIT)
        if not rows:
            return False
        await self._bus.publish([Message(row.topic, row.key, json.loads(row.headers), row.value) for row in rows])
        await _PUBLISHED.run(connection, ids=[row.id for row in rows])
        RELAYED.labels(self._database.schema).inc(len(rows))
        return len(rows) == BATCH_LIMIT

    async def _woken(self) -> None:
        # Not wait_for: in Python 3.11 it loses a cancellation that comes together with the event.
        with suppress(TimeoutError):
            async with asyncio.timeout(POLL_S):
                await self._wake.wait()
