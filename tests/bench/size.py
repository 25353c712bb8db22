"""Figure 8: the same load on five million levels and on ten thousand, each spread over all of them."""

import random
from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack

from tests.bench.cluster import Cluster
from tests.bench.figures import Sample
from tests.bench.processes import inventory
from tests.bench.stock import open_shops, receive
from tests.bench.target import Request, Target
from tests.bench.whole import reservation

NUMBERS = frozenset({8})
PLACES = 100
SKUS = {"small": 100, "large": 50_000}
"""At each of the places: 10,000 levels and 5,000,000."""
QUANTITY = 1_000_000
REQUESTS = 10_000
CLIENTS = 64
SEED = 8


async def measure(cluster: Cluster, wanted: Collection[int], runs: int) -> AsyncIterator[Sample]:
    """Both are there from the beginning, with a process each, and loaded in turn."""
    async with AsyncExitStack() as stack:
        targets: dict[str, Target] = {}
        for name, skus in SKUS.items():
            site = await cluster.site(name)
            await open_shops(site.database_url, map(_place, range(PLACES)), map(_sku, range(skus)))
            await receive(site.database_url, _stock(skus))
            server = await stack.enter_async_context(inventory(site, cluster.log(name)))
            targets[name] = Target([server.port])
        for run in range(runs):
            # Now the one first, now the other: what grows with time must not look like what grows with size.
            loads = {name: await targets[name].load(CLIENTS, _requests(SKUS[name]), 201) for name in _in_turn(run)}
            small, large = loads["small"], loads["large"]
            beside = {
                "5,000,000 levels/s": large.per_second,
                "10,000 levels/s": small.per_second,
                "5,000,000 levels, p99 ms": large.p99_ms,
            }
            yield Sample(8, large.per_second / small.per_second, beside)


def _in_turn(run: int) -> list[str]:
    return sorted(SKUS, reverse=run % 2 == 0)


def _place(number: int) -> str:
    return f"S{number:02}"


def _sku(number: int) -> str:
    return f"A{number:05}"


def _stock(skus: int) -> str:
    """Every item at every place, in the order of the levels' key."""
    return f"""
        SELECT 'A' || lpad(sku::text, 5, '0') AS sku, 'S' || lpad(place::text, 2, '0') AS location_id,
            {QUANTITY} AS quantity
        FROM generate_series(0, {skus - 1}) AS sku, generate_series(0, {PLACES - 1}) AS place
    """


def _requests(skus: int) -> list[Request]:
    draw = random.Random(SEED)
    return [
        reservation(_sku(draw.randrange(skus)), _place(draw.randrange(PLACES)), "/v1/reservations")
        for _ in range(REQUESTS)
    ]
