"""Figure 11: two processes of inventory on one database, clients divided between them, against one process."""

from collections.abc import AsyncIterator, Collection

from tests.bench.cluster import Cluster
from tests.bench.figures import FIGURES, Sample
from tests.bench.processes import inventory
from tests.bench.stock import open_shops, receive
from tests.bench.target import Target
from tests.bench.whole import reservation

NUMBERS = frozenset({11})
SKUS = 1_000
QUANTITY = 100_000_000
CLIENTS = 64


async def measure(cluster: Cluster, wanted: Collection[int], runs: int) -> AsyncIterator[Sample]:
    """The second process is there only while both are measured."""
    site = await cluster.site("scaling")
    skus = [f"A{number}" for number in range(SKUS)]
    await open_shops(site.database_url, ["S0"], skus)
    await receive(site.database_url, f"SELECT sku, 'S0' AS location_id, {QUANTITY} AS quantity FROM inventory.items")
    requests = [reservation(sku, path="/v1/reservations") for sku in skus]
    async with inventory(site, cluster.log("scaling-first")) as first:
        for _ in range(FIGURES[11].samples(runs, cluster.cores)):
            one = await Target([first.port]).load(CLIENTS, requests, 201)
            async with inventory(site, cluster.log("scaling-second")) as second:
                both = await Target([first.port, second.port]).load(CLIENTS, requests, 201)
            beside = {"1 process/s": one.per_second, "2 processes/s": both.per_second}
            yield Sample(11, both.per_second / one.per_second, beside)
