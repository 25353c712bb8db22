"""Notifications: told after the commit, heard in every process, and after a loss everybody looks."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, suppress

import asyncpg
import pytest

from shared.background import running
from shared.database import Database, ending, savepoint, tell
from shared.notifications import Notifications
from tests.conditions import eventually


class Heard(list[str]):
    """What a callback was called with; it lets others hear too."""

    def __call__(self, payload: str) -> None:
        self.append(payload)


OpenProcess = Callable[..., Awaitable[tuple[Database, Heard]]]


@pytest.fixture
async def process(database_url: str) -> AsyncIterator[OpenProcess]:
    """Opens a database as a process has it, with its notifications running, and known to those before it."""
    opened: list[Database] = []
    async with AsyncExitStack() as stack:

        async def open_one(schema: str = "probe") -> tuple[Database, Heard]:
            database, heard = Database(database_url, schema, pool_size=2), Heard()
            database.on("news", heard)
            stack.push_async_callback(database.close)
            await stack.enter_async_context(running(notifications=database.notifications.run))
            await eventually(lambda: heard and not any(other.notifications.is_alone for other in opened))
            opened.append(database)
            heard.clear()
            return database, heard

        yield open_one


async def test_what_is_told_is_heard_in_every_process_of_the_schema_and_once_in_ones_own(process: OpenProcess) -> None:
    here, own = await process()
    _, there = await process()
    _, elsewhere = await process("other")
    async with here.transaction() as transaction:
        tell(transaction, "news", "first")
        assert own == []
    assert own == ["first"]
    async with here.transaction() as transaction:
        tell(transaction, "news", "second")
    await eventually(lambda: there == ["first", "second"])
    assert own == ["first", "second"]
    assert elsewhere == []


async def test_what_is_rolled_back_is_never_told(process: OpenProcess) -> None:
    here, own = await process()
    _, there = await process()
    with suppress(RuntimeError):
        async with here.transaction() as transaction:
            tell(transaction, "news", "undone")
            raise RuntimeError("before the commit")
    async with here.transaction() as transaction:
        tell(transaction, "news", "done")
    await eventually(lambda: there == ["done"])
    assert own == ["done"]


async def test_whoever_takes_care_of_it_keeps_it_from_the_others(process: OpenProcess) -> None:
    here, _ = await process()
    _, there = await process()
    here.on("news", lambda payload: payload == "mine")
    for payload in ("mine", "ours"):
        here.notifications.tell("probe.news", payload)
    await eventually(lambda: there == ["ours"])


async def test_after_a_lost_connection_everybody_looks_and_hears_again(process: OpenProcess, database_url: str) -> None:
    here, own = await process()
    _, there = await process()
    admin = await asyncpg.connect(database_url)
    await admin.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'zaiko notifications' AND datname = current_database()"
    )
    await admin.close()
    await eventually(lambda: "" in own and "" in there)
    here.notifications.tell("probe.news", "afterwards")
    await eventually(lambda: there[-1] == "afterwards")


@pytest.fixture
async def overheard(database_url: str) -> AsyncIterator[Heard]:
    """What is told in the database on the channel of news, heard by somebody who does not count as listening."""
    heard = Heard()
    connection = await asyncpg.connect(database_url)
    await connection.add_listener("probe.news", lambda *told: heard(told[-1]))
    yield heard
    await connection.close()


async def alone(database: Database) -> None:
    """Returns once its process has found out that nobody else listens."""

    def is_alone() -> bool:
        database.notifications.tell("probe.else")  # it looks around when it has something to tell
        return database.notifications.is_alone

    await eventually(is_alone)


async def test_who_is_alone_tells_nobody_and_has_who_comes_look(process: OpenProcess, overheard: Heard) -> None:
    here, own = await process()
    await alone(here)
    here.notifications.tell("probe.news", "unheard")
    _, there = await process()
    here.notifications.tell("probe.news", "heard")
    await eventually(lambda: there[-1:] == ["heard"])
    assert own == ["unheard", "heard"]
    assert overheard == ["", "heard"]


async def test_who_is_left_alone_falls_silent_again(database_url: str, process: OpenProcess) -> None:
    here, _ = await process()
    other = Notifications(database_url)
    other.on("probe.news", Heard())
    await alone(here)
    async with running(notifications=other.run):
        await eventually(lambda: not here.notifications.is_alone)
    await alone(here)


async def test_whoever_comes_at_any_moment_sees_the_last_of_what_is_told(
    database_url: str, process: OpenProcess
) -> None:
    here, _ = await process()
    told = 0
    for _ in range(10):
        seen = []
        other = Notifications(database_url)
        other.on("probe.news", lambda _: seen.append(told))  # noqa: B023 - each is gone before the next comes
        await alone(here)
        async with running(notifications=other.run):
            while here.notifications.is_alone:
                told += 1
                here.notifications.tell("probe.news", str(told))
                await asyncio.sleep(0)
            await eventually(lambda: seen and seen[-1] == told)  # noqa: B023


async def test_a_savepoint_that_fails_takes_back_what_it_announced(database_url: str) -> None:
    taken: list[tuple[str, object]] = []

    class Kept:
        def take(self, _: object, announced: Sequence[tuple[str, object]]) -> None:
            taken.extend(announced)

    database = Database(database_url, "probe", pool_size=1, outbox=Kept())
    async with database.transaction() as transaction:
        ending(transaction).announced.append(("topic", "before"))
        with suppress(RuntimeError):
            async with savepoint(transaction):
                ending(transaction).announced.append(("topic", "undone"))
                raise RuntimeError("inside")
        ending(transaction).announced.append(("topic", "after"))
    await database.close()
    assert taken == [("topic", "before"), ("topic", "after")]
