"""PostgreSQL: one engine per service on the service's own schema, and the transaction every write happens in.

SQLAlchemy keeps the pool and writes what is put together at run time (lists, filters); its connections begin nothing of
their own. Transactions, and every `Statement`, are the driver's: on a hot path that halves the price of a round trip.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from functools import partial
from typing import Any, NamedTuple, Protocol

import asyncpg
from sqlalchemy import event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from shared.notifications import Callback, Notifications
from shared.statements import Row, driver, gather, gathered, send_gathered, waits

Transaction = AsyncConnection
"""An open transaction. Whoever opened it commits it; a use case only fills it."""

Connection = AsyncConnection
"""A connection to read with, in a transaction or not."""

POOL_SIZE = 12
POOL_TIMEOUT_S = 10
_TRANSIENT_CLASSES = ("08", "40", "53", "57")
"""SQLSTATE classes after which the same statement may succeed: connection, rollback, resources, intervention."""


class Ending(NamedTuple):
    """What a transaction has gathered for its end."""

    tell: Callable[[str, str], None]
    announced: list[tuple[str, Any]]
    """Topics and events, that go out with its last statement."""
    after_commit: list[Callable[[], None]]


_ENDING = "zaiko ending"


def ending(transaction: AsyncConnection) -> Ending:
    found: Ending = transaction.info[_ENDING]
    return found


def tell(transaction: AsyncConnection, channel: str, payload: str = "") -> None:
    """Notify all processes of the service, once the transaction has committed."""
    end = ending(transaction)
    end.after_commit.append(partial(end.tell, channel, payload))


class TakesAnnounced(Protocol):
    """Where what was announced goes when its transaction ends: the outbox."""

    def take(self, transaction: AsyncConnection, announced: Sequence[tuple[str, Any]]) -> None: ...


class Database:
    """A service's schema in a PostgreSQL database; `url` is `postgresql://…`, over TCP or a socket directory.

    Without an `outbox` nothing can be announced. Without `notifications`, that others have in the same database, it has
    a session of its own, for its owner to run.
    """

    def __init__(
        self,
        url: str,
        schema: str,
        pool_size: int = POOL_SIZE,
        *,
        outbox: TakesAnnounced | None = None,
        notifications: Notifications | None = None,
    ) -> None:
        self.url = url
        self.schema = schema
        self.notifications = notifications or Notifications(url)
        self._outbox = outbox
        self.engine = create_async_engine(
            make_url(url).set(drivername="postgresql+asyncpg"),
            isolation_level="AUTOCOMMIT",
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=POOL_TIMEOUT_S,
            pool_use_lifo=True,  # a session that has just worked has its plans and pages at hand
            connect_args={
                "server_settings": {"search_path": schema, "application_name": f"zaiko {schema}"},
                "record_class": Row,
            },
        )
        event.listen(self.engine.sync_engine, "checkout", _require_open)
        event.listen(self.engine.sync_engine, "before_cursor_execute", _require_nothing_waits)

    def on(self, channel: str, callback: Callback) -> None:
        """Call back for what any process of this service tells on the channel, from now on."""
        self.notifications.on(f"{self.schema}.{channel}", callback)

    def _tell(self, channel: str, payload: str) -> None:
        self.notifications.tell(f"{self.schema}.{channel}", payload)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Commits on leaving, rolls back on an exception."""
        async with self.single_statement() as connection:
            info = connection.info  # of the session, which the pool hands on
            end = info[_ENDING] = Ending(self._tell, [], [])
            gather(connection)
            try:
                async with savepoint(connection):
                    yield connection
                    if end.announced:
                        self._announce(connection, end.announced)
            finally:
                del info[_ENDING]
        for call in end.after_commit:
            call()

    def _announce(self, transaction: Transaction, announced: Sequence[tuple[str, Any]]) -> None:
        if self._outbox is None:
            raise RuntimeError(f"a transaction on {self.schema} announces, and the database has no outbox")
        self._outbox.take(transaction, announced)

    @asynccontextmanager
    async def single_statement(self) -> AsyncIterator[Connection]:
        """Every statement is a transaction of its own, and one round trip."""
        async with aclosing(await self.engine.connect()) as connection:  # its own context would close it in a task
            session = driver(connection)
            try:
                yield connection
            finally:
                if session.is_closed() and not connection.invalidated:  # the pool must not hand it out again
                    await connection.invalidate()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Connection]:
        """The same, for statements that change nothing."""
        async with self.single_statement() as connection:
            yield connection

    async def is_reachable(self) -> bool:
        try:
            async with self.reading() as connection:
                await connection.execute(text("SELECT 1"))
        except (DBAPIError, PoolTimeout, OSError):
            return False
        return True

    async def close(self) -> None:
        await self.engine.dispose()


def _require_open(connection: Any, _record: Any, _proxy: Any) -> None:
    """A connection that broke while it lay in the pool is replaced, instead of failing whoever takes it."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError


def _require_nothing_waits(connection: Any, *_: Any) -> None:
    """What SQLAlchemy runs would not see what the transaction has gathered."""
    if waits(connection.info):
        raise RuntimeError("this transaction has gathered writes: send them before a statement of SQLAlchemy")


@asynccontextmanager
async def savepoint(transaction: Transaction) -> AsyncIterator[None]:
    """What happens inside is undone by an exception, and that alone; outermost it is the transaction itself."""
    await send_gathered(transaction)  # what was gathered before belongs to the outside
    # Held from here on: a connection that breaks, or is cancelled under way, gives nothing of its own any more.
    session, writes, announced = driver(transaction), gathered(transaction), ending(transaction).announced
    before = len(announced)
    begun = session.transaction()
    try:
        await begun.start()
        yield
        await send_gathered(transaction)
        await begun.commit()
    except BaseException:
        del announced[before:]
        writes.forget()
        await _undo(session, begun)
        raise


async def _undo(session: Any, begun: Any) -> None:
    """Roll back. A session that cannot is ended, and the server undoes it; told is only the fault that led here."""
    if session.is_closed():
        return
    try:
        await begun.rollback()
    except (OSError, asyncpg.InterfaceError, asyncpg.PostgresError):
        session.terminate()


def is_transient(error: BaseException) -> bool:
    """Whether the same work may succeed if it is simply done again: a lost connection, a deadlock, a restart."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    if isinstance(error, asyncpg.InterfaceError | asyncpg.InternalClientError):
        return not isinstance(error, ValueError)  # asyncpg's name for a wrong argument
    state = _sqlstate(error)
    return isinstance(error, OSError | PoolTimeout) if state is None else state[:2] in _TRANSIENT_CLASSES


def is_collision(error: BaseException) -> bool:
    """Whether two transactions wrote the same unique key: done again, the later one finds what the earlier did."""
    return _sqlstate(error) == "23505"


def _sqlstate(error: BaseException) -> str | None:
    cause = error.orig if isinstance(error, DBAPIError) else error
    return getattr(cause, "sqlstate", None)
