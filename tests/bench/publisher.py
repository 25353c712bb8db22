"""Publishes the real year on the tills' topic from a process of its own, a bounded number of receipts ahead.

A job comes as JSON on stdin: `{lines, ahead, limit_s}`, with null for all lines; the site is in the environment.
The result goes to stdout: `{receipts, lines, least_ahead}`, the last one the fewest receipts that ever waited to be
read once the first `ahead` were published: where it comes near to 0, it was the publisher that set the pace.
"""

import asyncio
import json
import logging
import sys
from itertools import islice
from typing import Any

import asyncpg
import uvloop

from shared.bus.opening import open_bus, started
from shared.contracts.tills import TOPIC
from shared.settings import ServiceSettings
from tests.bench.receipts import message, receipts
from tests.bench.site import READ_OFFSETS
from tests.conditions import eventually_async

PUBLISHED_TOGETHER = 500


async def run(job: dict[str, Any]) -> dict[str, int]:
    settings = ServiceSettings()
    connection = await asyncpg.connect(settings.database_url)
    year = receipts(job["lines"])
    published = lines = 0
    least_ahead = job["ahead"]

    async def has_room() -> bool:
        nonlocal least_ahead
        waiting = published - await connection.fetchval(READ_OFFSETS, TOPIC)
        if published > job["ahead"]:
            least_ahead = min(least_ahead, waiting)
        return bool(waiting < job["ahead"])

    try:
        async with started(open_bus(settings)) as bus, asyncio.timeout(job["limit_s"]):
            while batch := list(islice(year, PUBLISHED_TOGETHER)):
                await eventually_async(has_room, job["limit_s"])
                await bus.publish([message(receipt) for receipt in batch])
                published += len(batch)
                lines += sum(len(receipt.lines) for receipt in batch)
    finally:
        await connection.close()
    return {"receipts": published, "lines": lines, "least_ahead": least_ahead}


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR)  # a new topic has no leader for a moment, and is asked again
    print(json.dumps(uvloop.run(run(json.load(sys.stdin)))))
