"""What is measured on what, in which order."""

from collections.abc import AsyncIterator, Callable, Collection, Sequence

from tests.bench import availability, checkouts, lag, memory, reservations, scaling, size, tills, year
from tests.bench.cluster import Cluster
from tests.bench.figures import Sample
from tests.bench.whole import whole_system

Measure = Callable[[Cluster, Collection[int], int], AsyncIterator[Sample]]


async def measure(cluster: Cluster, wanted: Collection[int], runs: int) -> AsyncIterator[Sample]:
    """The samples of the wanted figures as they come in, `runs` of each that is not taken once."""
    await cluster.prepare()
    for numbers, group in _GROUPS:
        if numbers & set(wanted):
            async for sample in group(cluster, wanted, runs):
                if sample.number in wanted:
                    yield sample


_PARTS = (reservations, checkouts, availability)


async def _whole(cluster: Cluster, wanted: Collection[int], runs: int) -> AsyncIterator[Sample]:
    """A run takes the figures of the whole system one after the other, each from a system at rest."""
    parts = [part for part in _PARTS if part.NUMBERS & set(wanted)]
    async with whole_system(cluster, "whole") as system:
        for _ in range(runs):
            for part in parts:
                async for sample in part.measure(system, wanted):
                    yield sample
                await system.site.rest()


# The lag comes first, so that nothing that other figures leave to be written changes it or what it is held against.
_GROUPS: Sequence[tuple[frozenset[int], Measure]] = (
    (lag.NUMBERS, lag.measure),
    (frozenset[int]().union(*(part.NUMBERS for part in _PARTS)), _whole),
    *((group.NUMBERS, group.measure) for group in (tills, size, year, memory, scaling)),
)
