"""Figures 1 to 3: promises on one hot item, against a no-op, a thousand items and a transaction for each."""

from collections.abc import AsyncIterator, Collection

from tests.bench.figures import Sample
from tests.bench.whole import HOT, Whole, cold_skus, reservation

NUMBERS = frozenset({1, 2, 3})
CLIENTS = 64


async def measure(system: Whole, wanted: Collection[int]) -> AsyncIterator[Sample]:
    """One run of those of the figures that are wanted."""
    target = system.target
    if 1 in wanted:
        idle = await target.load(CLIENTS, [reservation(HOT, path="/inventory/noop/reservations")], 201)
    hot = await target.load(CLIENTS, [reservation(HOT)], 201)
    await system.site.rest()
    if 1 in wanted:
        beside = {
            "reservations/s": hot.per_second,
            "no-op/s": idle.per_second,
            "reservation, median ms": hot.median_ms,
            "reservation, p99 ms": hot.p99_ms,
            "the load's own µs of processor time a request": hot.client_cpu_us,
        }
        yield Sample(1, hot.per_second / idle.per_second, beside)
    if 2 in wanted:
        cold = await target.load(CLIENTS, [reservation(sku) for sku in cold_skus()], 201)
        await system.site.rest()
        beside = {"one SKU/s": hot.per_second, "1,000 SKUs/s": cold.per_second}
        yield Sample(2, hot.per_second / cold.per_second, beside)
    if 3 in wanted:
        ordinary = await target.load(CLIENTS, [reservation(HOT, path="/inventory/ordinary/reservations")], 201)
        beside = {"one SKU/s": hot.per_second, "a transaction each/s": ordinary.per_second}
        yield Sample(3, hot.per_second / ordinary.per_second, beside)
