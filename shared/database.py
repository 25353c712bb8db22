"""PostgreSQL: one engine per service on the service's own schema, and the transaction every write happens in."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

Transaction = AsyncConnection
"""An open transaction. Whoever opened it commits it; a use case only fills it."""

Connection = AsyncConnection
"""A connection to read with, in a transaction or not."""

POOL_SIZE = 12
POOL_TIMEOUT_S = 10
_TRANSIENT_CLASSES = ("08", "40", "53", "57")
"""SQLSTATE classes after which the same statement may succeed: connection, rollback, resources, intervention."""


class Database:
    """A service's schema in a PostgreSQL database; `url` is `postgresql://…`, over TCP or a socket directory."""

    def __init__(self, url: str, schema: str, pool_size: int = POOL_SIZE) -> None:
        self.url = url
        self.schema = schema
        self.engine = create_async_engine(
            make_url(url).set(drivername="postgresql+asyncpg"),
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=POOL_TIMEOUT_S,
            connect_args={"server_settings": {"search_path": schema, "application_name": f"zaiko {schema}"}},
        )
        self._autocommit = self.engine.execution_options(isolation_level="AUTOCOMMIT")

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Commits on leaving, rolls back on an exception."""
        async with self.engine.begin() as connection:
            yield connection

    @asynccontextmanager
    async def single_statement(self) -> AsyncIterator[Connection]:
        """Every statement is a transaction of its own, and one round trip."""
        async with self._autocommit.connect() as connection:
            yield connection

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


def is_transient(error: BaseException) -> bool:
    """Whether the same work may succeed if it is simply done again: a lost connection, a deadlock, a restart."""
    if isinstance(error, DBAPIError):
        state = getattr(error.orig, "sqlstate", None) or ""
        return error.connection_invalidated or state[:2] in _TRANSIENT_CLASSES
    return isinstance(error, OSError | PoolTimeout)


def is_collision(error: BaseException) -> bool:
    """Whether two transactions wrote the same unique key: done again, the later one finds what the earlier did."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) == "23505"


def columns(rows: Iterable[Any], *names: str) -> dict[str, list[Any]]:
    """Objects turned into one list per attribute: what `unnest` takes to write many rows with one statement."""
    held = list(rows)
    return {name: [getattr(row, name) for row in held] for name in names}


def listed(names: Mapping[str, str]) -> str:
    """`unnest(CAST(:a AS text[]), …)` for parameters and their element types, in the order given."""
    return "unnest(" + ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in names.items()) + ")"


def chunks(rows: Sequence[Any], size: int) -> Iterable[Sequence[Any]]:
    return (rows[start : start + size] for start in range(0, len(rows), size))
