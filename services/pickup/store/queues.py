"""The bags of stores that are still to be made: what a new one waits for."""

from collections import defaultdict
from collections.abc import Collection

from sqlalchemy.ext.asyncio import AsyncConnection

from services.pickup.domain.readiness import Queued
from shared.statements import Statement

_QUEUES = Statement(
    """
    SELECT location_id, due_at, started_at,
        (SELECT count(*) FROM pickup_lines AS line
            WHERE line.pickup_id = bag.pickup_id AND quantity > short + cancelled)::integer AS lines
    FROM pickups AS bag
    WHERE location_id = ANY(CAST(:location_ids AS text[])) AND state IN ('requested', 'picking')
    """
)


async def queues(connection: AsyncConnection, location_ids: Collection[str]) -> dict[str, list[Queued]]:
    """For each of these stores the bags that are not ready yet."""
    found: defaultdict[str, list[Queued]] = defaultdict(list)
    if location_ids:
        for row in await _QUEUES.rows(connection, location_ids=list(location_ids)):
            found[row.location_id].append(Queued(row.due_at, row.lines, row.started_at))
    return found
