"""How fast inventory has recorded till lines, by its own ledger: nothing is asked of it while it works."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import asyncpg

from shared.contracts.tills import TOPIC
from tests.bench.site import READ_OFFSETS, Site
from tests.conditions import eventually_async

TENTHS = 10
_BATCHES = """
    SELECT recorded_at, count(*)::int AS lines FROM inventory.ledger
    WHERE kind = 'sale' GROUP BY recorded_at ORDER BY recorded_at
"""


class Batch(NamedTuple):
    """Lines that were recorded together; `begun` is when their transaction was, which is their `recorded_at`."""

    begun: datetime
    lines: int


async def batches(site: Site, lines: int) -> list[Batch]:
    """The batches in which the sales were recorded. RuntimeError unless they are so many lines in all."""
    connection = await asyncpg.connect(site.database_url)
    try:
        found = [Batch(*row) for row in await connection.fetch(_BATCHES)]
    finally:
        await connection.close()
    recorded = sum(batch.lines for batch in found)
    if recorded != lines:
        raise RuntimeError(f"{recorded:,} of {lines:,} till lines are in the ledger of {site.name}")
    return found


async def all_read(site: Site, receipts: int, limit_s: float) -> None:
    """Returns once inventory has read so many records of the tills' topic."""
    connection = await asyncpg.connect(site.database_url)

    async def is_read() -> bool:
        return bool(await connection.fetchval(READ_OFFSETS, TOPIC) >= receipts)

    try:
        await eventually_async(is_read, limit_s)
    finally:
        await connection.close()


def rates(recorded: Sequence[Batch], end: datetime, parts: int = TENTHS) -> list[float]:
    """Lines a second in each part of the lines, in their order; `end` is when the last batch was through.

    A batch belongs to the part in which its first line lies, and lasts until the next begins. ValueError where the
    batches are too large to tell the parts apart.
    """
    total = sum(batch.lines for batch in recorded)
    lines = [0] * parts
    begun: list[datetime | None] = [None] * parts
    done = 0
    for batch in recorded:
        part = done * parts // total
        begun[part] = begun[part] or batch.begun
        lines[part] += batch.lines
        done += batch.lines
    bounds = [instant for instant in begun if instant is not None] + [end]
    if len(bounds) <= parts:
        raise ValueError(f"{len(recorded)} batches are too few for {parts} parts")
    return [
        count / (until - since).total_seconds()
        for count, since, until in zip(lines, bounds[:-1], bounds[1:], strict=True)
    ]


def while_fed(recorded: Sequence[Batch], until: datetime, end: datetime) -> tuple[list[Batch], datetime]:
    """The batches that were begun before `until`, and when the last of them was through.

    When nothing more is published, what is left drains in ever smaller batches: that says nothing about history.
    """
    fed = [batch for batch in recorded if batch.begun < until]
    return fed, recorded[len(fed)].begun if len(fed) < len(recorded) else end


def rate_after_first_tenth(recorded: Sequence[Batch], end: datetime) -> float:
    """Lines a second from the first batch that begins when a tenth of the lines is in, until `end`."""
    total = sum(batch.lines for batch in recorded)
    done = 0
    for batch in recorded:
        if done * TENTHS >= total:
            return (total - done) / (end - batch.begun).total_seconds()
        done += batch.lines
    raise ValueError("one batch holds nine tenths of the lines")
