"""LISTEN/NOTIFY: the wake-up between processes. A notification only says "look"; what to see is in the tables.

PostgreSQL lets one notifying transaction commit at a time, in all of the server. So no work is notified of in its own
transaction, which would hold up all others until it is on disk, but after it, by a session whose commits do not wait.

Who listens holds a shared advisory lock and says that it has come. A process that finds nobody else tells nobody; when
somebody comes it has them look wherever it kept silent, because they may have looked a moment too early.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from time import monotonic

import asyncpg
import structlog

from shared.advisory_locks import holders

Callback = Callable[[str], bool | None]
"""Called with the payload; with an empty one after a reconnect, when notifications may have been missed.

Answers True where nobody else needs to hear of it.
"""

_RECONNECT_S = 0.5
_TELL_LIMIT_S = 2.0
_SETTINGS = {"application_name": "zaiko notifications", "synchronous_commit": "off"}
_TELL = "SELECT pg_notify(channel, payload) FROM unnest($1::text[], $2::text[]) AS told (channel, payload)"
_ARRIVED = "zaiko.arrived"
"""Told by who has begun to listen, so that nobody keeps silent any more."""
_KEY = "hashtextextended('zaiko listens', 0)"
_LISTENS = f"SELECT pg_advisory_lock_shared({_KEY})"
_LISTENERS = holders(_KEY)
_LOOK_AROUND_S = 1.0
"""Pause between two looks whether the others have left."""
log = structlog.get_logger(__name__)


class Notifications:
    """One connection that tells and hears on any number of channels, and comes back after a loss.

    Every session that listens is woken by whatever is told in its database, so a process should have one.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._callbacks: dict[str, list[Callback]] = defaultdict(list)
        self._untold: dict[tuple[str, str], None] = {}
        self._stirred = asyncio.Event()
        self.is_alone = False
        """Whether nobody else listens, as far as is known here."""
        self._withheld: set[str] = set()
        self._arrivals = 0
        self._look_around_at = 0.0

    def on(self, channel: str, callback: Callback) -> None:
        """Call back for each notification of `channel` from now on."""
        self._callbacks[channel].append(callback)
        self._stirred.set()

    def tell(self, channel: str, payload: str = "") -> None:
        """Call back in this process now, and in the others soon. What is told of must have been committed."""
        answers = [callback(payload) for callback in self._callbacks.get(channel, ())]
        if True not in answers:
            self.tell_others(channel, payload)

    def tell_others(self, channel: str, payload: str = "") -> None:
        """The same, for what this process knows already."""
        if self.is_alone:
            self._withheld.add(channel)
        else:
            self._untold[channel, payload] = None
            self._stirred.set()

    async def run(self) -> None:
        """Listen and tell until cancelled, then tell what is left."""
        while True:
            try:
                connection = await asyncpg.connect(self._url, server_settings=_SETTINGS)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("notifications.unreachable", error=str(error))
                await asyncio.sleep(_RECONNECT_S)
                continue
            self._arrived()  # whoever came while there was no connection
            try:
                await self._attend(connection)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("notifications.lost", error=str(error))
                await asyncio.sleep(_RECONNECT_S)
            finally:
                with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                    await self._send(connection)
                    await connection.close(timeout=1)

    async def _attend(self, connection: asyncpg.Connection) -> None:
        connection.add_termination_listener(lambda _: self._stirred.set())
        heard: set[str] = set()
        while not connection.is_closed():
            self._stirred.clear()
            await self._listen(connection, heard)
            await self._send(connection)
            if heard and monotonic() >= self._look_around_at:
                await self._look_around(connection)
            await self._stirred.wait()

    async def _listen(self, connection: asyncpg.Connection, heard: set[str]) -> None:
        """To the channels that are not heard yet; the first time others are told that somebody listens."""
        if self._callbacks and not heard:
            await connection.execute(_LISTENS)
            await connection.add_listener(_ARRIVED, self._hearing(connection, [self._arrived]))
            self._untold[_ARRIVED, ""] = None
        for channel in self._callbacks.keys() - heard:
            callbacks = self._callbacks[channel]
            await connection.add_listener(channel, self._hearing(connection, callbacks))
            heard.add(channel)
            for callback in callbacks:
                callback("")

    def _arrived(self, _: str = "") -> None:
        """Somebody else may listen from now on."""
        self.is_alone = False
        self._arrivals += 1
        self._look_around_at = monotonic() + _LOOK_AROUND_S
        self._untold |= {(channel, ""): None for channel in self._withheld}
        self._withheld.clear()
        self._stirred.set()

    async def _look_around(self, connection: asyncpg.Connection) -> None:
        arrivals = self._arrivals
        listeners = await connection.fetchval(_LISTENERS)
        self.is_alone = listeners == 1 and arrivals == self._arrivals  # who came meanwhile may not have been counted
        self._look_around_at = monotonic() + _LOOK_AROUND_S

    @staticmethod
    def _hearing(connection: asyncpg.Connection, callbacks: list[Callback]) -> Callable[..., None]:
        own = connection.get_server_pid()

        def hear(_: object, pid: int, channel: str, payload: str) -> None:
            if pid != own:  # what this process told, it has heard
                for callback in callbacks:
                    callback(payload)

        return hear

    async def _send(self, connection: asyncpg.Connection) -> None:
        """Everything that has gathered, in one go."""
        while self._untold and not connection.is_closed():
            untold, self._untold = self._untold, {}
            channels, payloads = zip(*untold, strict=True)
            try:
                await connection.execute(_TELL, channels, payloads, timeout=_TELL_LIMIT_S)
            except BaseException:
                self._untold = untold | self._untold
                raise
