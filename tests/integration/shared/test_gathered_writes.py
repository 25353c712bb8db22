"""What a transaction gathers goes out with its last statement, and nobody can tell but by the round trips."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import text

from shared.database import Database, savepoint
from shared.statements import Statement, gathered
from tests.conditions import eventually_async

INSERT = Statement("INSERT INTO probe.kept (name) VALUES (:name)")
COUNT = Statement("SELECT count(*) AS kept FROM probe.kept")
RENAME = Statement("UPDATE probe.kept SET name = :name WHERE name = :was")
SEEN = Statement("probe.seen(CAST(:word AS text))")


class NotMet(Exception):
    """What the demand says."""


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A table, and a function that tells how many rows it sees in it."""
    database = Database(database_url, "probe", pool_size=2)
    async with database.transaction() as transaction:
        for statement in (
            "CREATE SCHEMA probe",
            "CREATE TABLE probe.kept (name text)",
            "CREATE FUNCTION probe.seen(word text) RETURNS text LANGUAGE plpgsql AS"
            " 'BEGIN RETURN word || (SELECT count(*) FROM probe.kept); END'",
        ):
            await transaction.execute(text(statement))
    yield database
    await database.close()


async def kept(database: Database) -> list[str]:
    async with database.reading() as connection:
        return list((await connection.execute(text("SELECT name FROM probe.kept ORDER BY name"))).scalars())


async def test_what_is_gathered_is_written_when_the_transaction_ends(database: Database) -> None:
    async with database.transaction() as transaction:
        gathered(transaction).add(INSERT, name="a")
        gathered(transaction).add(INSERT, name="b")
    assert await kept(database) == ["a", "b"]


async def test_whatever_the_transaction_runs_next_sees_what_it_gathered(database: Database) -> None:
    async with database.transaction() as transaction:
        gathered(transaction).add(INSERT, name="a")
        assert (await COUNT.rows(transaction))[0].kept == 1
        gathered(transaction).add(INSERT, name="b")
        assert await RENAME.run(transaction, was="b", name="c") == 1
    assert await kept(database) == ["a", "c"]


async def test_what_is_called_is_called_when_all_of_it_is_written(database: Database) -> None:
    heard: list[Any] = []
    async with database.transaction() as transaction:
        gathered(transaction).call(SEEN, heard.append, word="rows: ")
        for name in "abc":
            gathered(transaction).add(INSERT, name=name)
    assert heard == ["rows: 3"]


async def test_something_may_be_called_with_nothing_to_write(database: Database) -> None:
    heard: list[Any] = []
    async with database.transaction() as transaction:
        gathered(transaction).call(SEEN, heard.append, word="rows: ")
    assert heard == ["rows: 0"]


async def test_a_savepoint_that_fails_takes_back_what_was_gathered_in_it_and_nothing_else(database: Database) -> None:
    async with database.transaction() as transaction:
        gathered(transaction).add(INSERT, name="before")
        with suppress(RuntimeError):
            async with savepoint(transaction):
                gathered(transaction).add(INSERT, name="undone")
                raise RuntimeError("inside")
        async with savepoint(transaction):
            gathered(transaction).add(INSERT, name="inside")
        gathered(transaction).add(INSERT, name="after")
    assert await kept(database) == ["after", "before", "inside"]


async def test_a_write_that_the_database_refuses_fails_the_savepoint_that_it_was_gathered_in(
    database: Database,
) -> None:
    refused = Statement("INSERT INTO probe.kept SELECT 1 / CAST(:zero AS bigint)")
    async with database.transaction() as transaction:
        with pytest.raises(Exception, match="division by zero"):
            async with savepoint(transaction):
                gathered(transaction).add(refused, zero=0)
        gathered(transaction).add(INSERT, name="after")
    assert await kept(database) == ["after"]


@pytest.mark.parametrize(("rows", "stays"), [(1, ["renamed"]), (2, ["a"])])
async def test_a_demand_that_is_not_met_fails_the_whole_transaction(
    database: Database, rows: int, stays: list[str]
) -> None:
    async with database.transaction() as transaction:
        gathered(transaction).add(INSERT, name="a")
    with suppress(NotMet):
        async with database.transaction() as transaction:
            gathered(transaction).demand(rows, NotMet(), RENAME, was="a", name="renamed")
    assert await kept(database) == stays


async def test_nothing_is_left_of_it_for_the_next_transaction_of_the_same_session(database: Database) -> None:
    for _ in range(4):
        with suppress(RuntimeError):
            async with database.transaction() as transaction:
                gathered(transaction).add(INSERT, name="undone")
                raise RuntimeError("before the end")
        async with database.transaction() as transaction:
            assert not gathered(transaction)
    assert await kept(database) == []


async def test_a_statement_of_sqlalchemy_that_would_not_see_it_is_refused(database: Database) -> None:
    async with database.transaction() as transaction:
        gathered(transaction).add(INSERT, name="a")
        with pytest.raises(RuntimeError, match="gathered"):
            await transaction.execute(text("SELECT count(*) FROM probe.kept"))
    assert await kept(database) == ["a"]


async def test_whoever_is_cancelled_in_a_statement_of_sqlalchemy_ends_cancelled(database: Database) -> None:
    async def wait_in_the_database() -> None:
        async with database.transaction() as transaction:
            await transaction.execute(text("SELECT pg_sleep(60)"))

    waiting = asyncio.create_task(wait_in_the_database())
    await eventually_async(lambda: sleeps(database))
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def sleeps(database: Database) -> bool:
    asked = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep')"
    async with database.reading() as connection:
        return bool((await connection.execute(text(asked))).scalar_one())
