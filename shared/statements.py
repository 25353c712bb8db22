"""SQL as it is sent: fixed statements, and writes that are gathered and go out together."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import asyncpg
from sqlalchemy import text
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

_DIALECT = PGDialect_asyncpg()  # type: ignore[no-untyped-call]
_PARAMETER = re.compile(r"(?<!:):(\w+)")
_GATHERED = "zaiko writes"


class Row(asyncpg.Record):  # type: ignore[misc]
    """A row as the driver has it, its columns by name as well."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError as error:
            raise AttributeError(name) from error


class Statement:
    """Fixed SQL with `:named` parameters, translated once for the driver, which keeps it prepared per connection."""

    def __init__(self, sql: str) -> None:
        self.sql = sql
        compiled = text(sql).compile(dialect=_DIALECT)
        self._translated = str(compiled)
        self._names: Sequence[str] = compiled.positiontup or ()

    async def rows(self, connection: AsyncConnection, **parameters: Any) -> list[Row]:
        """Run it, after what the transaction has gathered; the rows it answers."""
        await send_gathered(connection)
        return await self._fetch(connection, parameters)

    async def run(self, connection: AsyncConnection, **parameters: Any) -> int:
        """Run it, after what the transaction has gathered; how many rows it wrote, or answered."""
        await send_gathered(connection)
        status: str = await driver(connection).execute(self._translated, *[parameters[name] for name in self._names])
        return int(status.rpartition(" ")[2])

    async def _fetch(self, connection: AsyncConnection, parameters: Mapping[str, Any]) -> list[Row]:
        found: list[Row] = await driver(connection).fetch(self._translated, *[parameters[name] for name in self._names])
        return found


class _Demand(NamedTuple):
    """A part that must write so many rows, or else `fault` is raised."""

    part: int
    rows: int
    fault: Exception


class Writes:
    """What a transaction writes into several tables, gathered and sent as one statement: one round trip for all.

    The parts see nothing of each other, so none may need what another writes, and no row may be written by two. What
    is to be called is called when all of that is written.
    """

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self._parts: list[str] = []
        self._calls: list[tuple[str, Callable[[Any], None]]] = []
        self._parameters: dict[str, Any] = {}
        self._demands: list[_Demand] = []

    def __bool__(self) -> bool:
        return bool(self._parts or self._calls)

    def add(self, statement: Statement, **parameters: Any) -> None:
        """An INSERT, UPDATE or DELETE to send with the others."""
        self._parameters |= {f"{name}_{len(self._parts)}": value for name, value in parameters.items()}
        self._parts.append(statement.sql)

    def demand(self, rows: int, fault: Exception, statement: Statement, **parameters: Any) -> None:
        """The same; where it does not write so many rows, the transaction fails with `fault`."""
        self._demands.append(_Demand(len(self._parts), rows, fault))
        self.add(statement, **parameters)

    def call(self, function: Statement, hear: Callable[[Any], None], **parameters: Any) -> None:
        """An expression to evaluate behind all others; `hear` gets what it gives. No two calls share a parameter."""
        self._parameters |= parameters
        self._calls.append((function.sql, hear))

    def forget(self) -> None:
        """Send none of it."""
        self._clear()

    async def send(self, transaction: AsyncConnection) -> None:
        """Raises what was demanded, and not met."""
        if not self:
            return
        statement = _together(tuple(self._parts), tuple(call for call, _ in self._calls))
        parts, parameters, calls, demands = len(self._parts), self._parameters, self._calls, self._demands
        self._clear()
        (written,) = await statement._fetch(transaction, parameters)
        for demand in demands:
            if written[demand.part] != demand.rows:
                raise demand.fault
        for place, (_, hear) in enumerate(calls, parts):
            hear(written[place])


@lru_cache(maxsize=1_024)
def _together(parts: tuple[str, ...], calls: tuple[str, ...]) -> Statement:
    """Parts as `WITH`, each telling how many rows it wrote; calls wait for the count."""
    if not parts:
        return Statement(f"SELECT {', '.join(calls)}")
    named = [f"part_{number} AS ({_counted(part, number)})" for number, part in enumerate(parts)]
    counts = ", ".join(f"(SELECT count(*) FROM part_{number}) AS part_{number}" for number in range(len(parts)))
    asked = ", ".join(["written.*", *calls])
    return Statement(f"WITH {', '.join(named)}, written AS MATERIALIZED (SELECT {counts}) SELECT {asked} FROM written")


def _counted(part: str, number: int) -> str:
    numbered = _PARAMETER.sub(rf":\1_{number}", part)
    return numbered if "RETURNING" in part else f"{numbered} RETURNING 1"


def gather(connection: AsyncConnection) -> None:
    """From now on the connection gathers writes."""
    connection.info[_GATHERED] = Writes()


def gathered(transaction: AsyncConnection) -> Writes:
    """What waits for the transaction's last statement; whatever it runs before that sends it first."""
    writes: Writes = transaction.info[_GATHERED]
    return writes


async def send_gathered(connection: AsyncConnection) -> None:
    """Send what waits, where the connection gathers at all."""
    writes: Writes | None = connection.info.get(_GATHERED)
    if writes:
        await writes.send(connection)


def waits(info: Mapping[str, Any]) -> bool:
    """Whether something waits to be sent, by what a connection carries with it."""
    return bool(info.get(_GATHERED))


def driver(connection: AsyncConnection) -> Any:
    """asyncpg's own connection under this one, for what only it can do (COPY, savepoints)."""
    return connection.sync_connection.connection.driver_connection  # type: ignore[union-attr]


def columns(rows: Iterable[Any], *names: str) -> dict[str, list[Any]]:
    """Objects turned into one list per attribute: what `unnest` takes to write many rows with one statement."""
    held = list(rows)
    return {name: [getattr(row, name) for row in held] for name in names}


def listed(names: Mapping[str, str]) -> str:
    """`unnest(CAST(:a AS text[]), …)` for parameters and their element types, in the order given."""
    return "unnest(" + ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in names.items()) + ")"


def chunks(rows: Sequence[Any], size: int) -> Iterable[Sequence[Any]]:
    return (rows[start : start + size] for start in range(0, len(rows), size))
