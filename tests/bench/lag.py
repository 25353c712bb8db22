"""Figure 7: from the moment a sale is accepted until web shops see it, at 500 sales a second, by the slower door.

A sale is accepted when the gateway has answered 202, or when the bus has it; from there the latter has a second way
over the bus before it. The reference is what cannot be less: one way over the bus and one commit, at the same pace
on the same system. All of it is measured second by second, in turns: a p99 moves with what else the machine does,
from one second to the next, so what is divided should have seen the same, and many short samples say more than a few
long ones.
"""

from collections.abc import AsyncIterator, Collection
from typing import Any

from tests.bench.cluster import Cluster
from tests.bench.figures import FIGURES, Sample
from tests.bench.target import run_process
from tests.bench.whole import PLACES, Whole, watched_skus, whole_system

NUMBERS = frozenset({7})
SALES_PER_SECOND = 500
SECONDS = 1.0
LIMIT_S = 240.0


async def measure(cluster: Cluster, wanted: Collection[int], runs: int) -> AsyncIterator[Sample]:
    """Run after run on a system that nothing else loads."""
    async with whole_system(cluster, "lag") as system:
        for _ in range(runs):
            for found in await _rounds(system):
                yield _sample(found)
            await system.site.rest()


async def _rounds(system: Whole) -> list[dict[str, Any]]:
    job = {
        "port": system.target.ports[0],
        "headers": dict(system.target.headers),
        "per_second": SALES_PER_SECOND,
        "seconds": SECONDS,
        "rounds": FIGURES[7].times,
        "skus": watched_skus(),
        "places": [f"S{number}" for number in range(PLACES)],
    }
    return await run_process("tests.bench.sales", job, LIMIT_S, system.site.environment)


def _sample(found: dict[str, Any]) -> Sample:
    beside = {
        "lag p99 of sales put on the bus, ms": found["bus"]["p99_ms"],
        "lag median of sales put on the bus, ms": found["bus"]["median_ms"],
        "lag p99 of sales told to the gateway, ms": found["http"]["p99_ms"],
        "lag median of sales told to the gateway, ms": found["http"]["median_ms"],
        "reference p99, ms": found["reference"]["p99_ms"],
        "reference median, ms": found["reference"]["median_ms"],
        "of it the bus, median, ms": found["round_trip"]["median_ms"],
        "the tills' share of one core": found["processor_share"],
    }
    return Sample(7, max(found["bus"]["p99_ms"], found["http"]["p99_ms"]) / found["reference"]["p99_ms"], beside)
