"""The seven invariants of an installation, looked at from outside, as `zaiko verify` does."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from services.verification.invariants import examine
from shared.bus.base import Bus
from shared.bus.postgres import PostgresBus
from shared.statements import Row
from tests.conditions import eventually_async

Look = Callable[[], Awaitable[None]]


async def violations(database_url: str, bus: Bus) -> list[str]:
    """What contradicts an invariant at this moment."""
    engine = _engine(database_url)
    try:
        return await _violations(engine, bus)
    finally:
        await engine.dispose()


@asynccontextmanager
async def invariants(database_url: str) -> AsyncIterator[Look]:
    """A look, on the embedded bus, that returns once nothing contradicts an invariant, and fails with what does.

    What is between two services at the very moment of a look is given the time to arrive.
    """
    engine, bus = _engine(database_url), PostgresBus(database_url)
    await bus.start()

    async def hold() -> bool:
        found = await _violations(engine, bus)
        hold.__qualname__ = f"the invariants hold: {found}"
        return not found

    async def look() -> None:
        await eventually_async(hold)

    try:
        yield look
    finally:
        await bus.stop()
        await engine.dispose()


def _engine(database_url: str) -> AsyncEngine:
    return create_async_engine(
        database_url.replace("postgresql://", "postgresql+asyncpg://"),
        isolation_level="REPEATABLE READ",
        pool_size=1,
        pool_pre_ping=True,
        connect_args={"record_class": Row},
    )


async def _violations(engine: AsyncEngine, bus: Bus) -> list[str]:
    async with engine.connect() as connection:
        findings = await examine(connection, bus)
    return [f"{finding.number}: {violation}" for finding in findings for violation in finding.violations]
