"""The seven invariants of a running installation, looked at from outside."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import create_async_engine

from services.verification.invariants import examine
from shared.bus.postgres import PostgresBus
from shared.database import Row
from tests.conditions import eventually_async

Look = Callable[[], Awaitable[None]]


@asynccontextmanager
async def invariants(database_url: str) -> AsyncIterator[Look]:
    """A look that returns once nothing contradicts an invariant, and fails with what does.

    What is between two services at the very moment of a look is given the time to arrive.
    """
    engine = create_async_engine(
        database_url.replace("postgresql://", "postgresql+asyncpg://"),
        isolation_level="REPEATABLE READ",
        pool_size=1,
        pool_pre_ping=True,
        connect_args={"record_class": Row},
    )
    bus = PostgresBus(database_url)
    await bus.start()

    async def hold() -> bool:
        async with engine.connect() as connection:
            findings = await examine(connection, bus)
        found = [f"{finding.number}: {violation}" for finding in findings for violation in finding.violations]
        hold.__qualname__ = f"the invariants hold: {found}"
        return not found

    async def look() -> None:
        await eventually_async(hold)

    try:
        yield look
    finally:
        await bus.stop()
        await engine.dispose()
