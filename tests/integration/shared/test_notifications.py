"""Notifications: told after the commit, heard in every process, and after a loss everybody looks."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, suppress

import asyncpg
import pytest

from shared.background import running
from shared.database import Database, ending, savepoint, tell
from tests.conditions import eventually


class Heard(list[str]):
    """What a callback was called with; it lets others hear too."""

    def __call__(self, payload: str) -> None:
        self.append(payload)


OpenProcess = Callable[..., Awaitable[tuple[Database, Heard]]]


@pytest.fixture
async def process(database_url: str) -> AsyncIterator[OpenProcess]:
    """Opens a database as a process has it, with its notifications running."""
    async with AsyncExitStack() as stack:

        async def open_one(schema: str = "probe") -> tuple[Database, Heard]:
            database, heard = Database(database_url, schema, pool_size=2), Heard()
            database.on("news", heard)
            stack.push_async_callback(database.close)
            await stack.enter_async_context(running(notifications=database.notifications.run))
            await eventually(lambda: heard == [""])
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
