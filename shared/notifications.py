"""LISTEN/NOTIFY: the wake-up between processes. A notification only says "look"; what to see is in the tables."""

import asyncio
from collections import defaultdict
from collections.abc import Callable

import asyncpg
import structlog

Callback = Callable[[str], None]
"""Called with the payload; with an empty one after a reconnect, when notifications may have been missed."""

_RECONNECT_S = 0.5
log = structlog.get_logger(__name__)


class Notifications:
    """One connection that listens to any number of channels and comes back after a loss."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._callbacks: dict[str, list[Callback]] = defaultdict(list)

    def on(self, channel: str, callback: Callback) -> None:
        """Call back for each notification of `channel`; to be said before `run`."""
        self._callbacks[channel].append(callback)

    async def run(self) -> None:
        """Listen until cancelled."""
        while True:
            try:
                connection = await asyncpg.connect(self._url)
            except (OSError, asyncpg.PostgresError) as error:
                log.warning("notifications.unreachable", error=str(error))
                await asyncio.sleep(_RECONNECT_S)
                continue
            try:
                await self._listen(connection)
            finally:
                await connection.close(timeout=1)

    async def _listen(self, connection: asyncpg.Connection) -> None:
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _: lost.set())
        for channel, callbacks in self._callbacks.items():
            for callback in callbacks:
                await connection.add_listener(channel, lambda *message, call=callback: call(message[3]))
                callback("")
        await lost.wait()
