"""Figure 10: what a fresh process holds after a minute of full load, against what it held after ten seconds."""

import asyncio
from collections.abc import AsyncIterator, Collection

import psutil

from tests.bench.cluster import Cluster
from tests.bench.figures import Sample
from tests.bench.whole import HOT, reservation, whole_system

NUMBERS = frozenset({10})
EARLY_S = 10.0
LATE_S = 60.0
CLIENTS = 64
MEBIBYTE = 2**20


async def measure(cluster: Cluster, wanted: Collection[int], runs: int) -> AsyncIterator[Sample]:
    """Taken once, whatever the number of runs: the load is not interrupted between the two looks."""
    async with whole_system(cluster, "memory") as system:
        process = psutil.Process(system.server.process.pid)
        # With its warm-up the load lasts a little longer than the second look takes.
        early, late, load = await asyncio.gather(
            _resident_after(EARLY_S, process),
            _resident_after(LATE_S, process),
            system.target.load(CLIENTS, [reservation(HOT)], 201, seconds=LATE_S),
        )
        beside = {
            f"after {EARLY_S:.0f} s, MiB": early / MEBIBYTE,
            f"after {LATE_S:.0f} s, MiB": late / MEBIBYTE,
            "reservations/s": load.per_second,
        }
        yield Sample(10, late / early, beside)
        await system.site.rest()


async def _resident_after(seconds: float, process: psutil.Process) -> int:
    """Bytes of resident memory, so many seconds from now."""
    await asyncio.sleep(seconds)
    return int(process.memory_info().rss)
