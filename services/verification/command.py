"""`zaiko verify`: find the database, look until it is at rest, print a line for each invariant."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from services.databases import database_in
from services.faults import CannotGoOn
from services.verification.invariants import Finding, are_installed, examine
from shared.bus.base import Bus, BusUnavailable
from shared.bus.opening import open_bus, started
from shared.settings import ServiceSettings
from shared.statements import Row

ATTEMPTS = 8
PAUSE_S = 1.0
"""A running system is looked at again when something seems wrong: an event may have been between two places."""
SHOWN_LIMIT = 20


def verify(settings: ServiceSettings, data_dir: Path | None) -> bool:
    """Check and print; True where all invariants hold. With `data_dir` the database is the one in it.

    Raises CannotGoOn, or NoServer.
    """
    if data_dir is None:
        return _report(_look(settings, may_be_running=True))
    with database_in(data_dir) as (url, is_running):
        return _report(_look(settings.model_copy(update={"database_url": url}), may_be_running=is_running))


def _look(settings: ServiceSettings, *, may_be_running: bool) -> list[Finding]:
    try:
        return asyncio.run(_look_until_at_rest(settings, ATTEMPTS if may_be_running else 1))
    except (OSError, DBAPIError) as error:
        raise CannotGoOn(f"the database cannot be read: {str(error).splitlines()[0]}") from error
    except BusUnavailable as error:
        raise CannotGoOn(f"the bus cannot be read: {error}") from error


async def _look_until_at_rest(settings: ServiceSettings, attempts: int) -> list[Finding]:
    engine = create_async_engine(
        make_url(settings.database_url).set(drivername="postgresql+asyncpg"),
        isolation_level="REPEATABLE READ",
        pool_size=1,
        connect_args={"record_class": Row},
    )
    try:
        async with engine.connect() as connection:
            if not await are_installed(connection):
                raise CannotGoOn("there is no Zaiko in this database; `zaiko up --database-url …` makes one")
        async with started(open_bus(settings)) as bus:
            return await _look_again_while_wrong(engine, bus, attempts)
    finally:
        await engine.dispose()


async def _look_again_while_wrong(engine: AsyncEngine, bus: Bus, attempts: int) -> list[Finding]:
    while True:
        attempts -= 1
        async with engine.connect() as connection:
            findings = await examine(connection, bus)
        if not attempts or not any(finding.violations for finding in findings):
            return findings
        await asyncio.sleep(PAUSE_S)


def _report(findings: Sequence[Finding]) -> bool:
    console = Console(soft_wrap=True, highlight=False)
    for finding in findings:
        mark = "[red]✗[/red]" if finding.violations else "[green]✓[/green]"
        console.print(f"{finding.number} {mark} {finding.title} ({finding.held_against})")
        for violation in finding.violations[:SHOWN_LIMIT]:
            console.print(f"    {violation}", markup=False)
        if len(finding.violations) > SHOWN_LIMIT:
            console.print(f"    … and {len(finding.violations) - SHOWN_LIMIT:,} more")
    return not any(finding.violations for finding in findings)
