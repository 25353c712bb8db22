"""Figure 5: how fast till lines that wait on the bus are applied, against the least that PostgreSQL needs for them."""

from collections import Counter
from collections.abc import AsyncIterator, Collection, Sequence

import asyncpg

from shared.bus.opening import started
from shared.clock import utc_now
from tests.bench import floor
from tests.bench.cluster import Cluster
from tests.bench.figures import Sample
from tests.bench.ledger import all_read, batches, rate_after_first_tenth
from tests.bench.processes import inventory
from tests.bench.receipts import Receipt, message, receipts
from tests.bench.site import Site
from tests.bench.stock import open_shops, receive

NUMBERS = frozenset({5})
LINES = 120_000
PUBLISHED_TOGETHER = 500
APPLY_LIMIT_S = 120.0
_OPENING = "SELECT sku, location_id, quantity FROM bench.opening ORDER BY sku, location_id"


async def measure(cluster: Cluster, wanted: Collection[int], runs: int) -> AsyncIterator[Sample]:
    """Each run on a site of its own, with the same stock on the shelves and the same receipts on the bus."""
    slice_of_year = list(receipts(LINES))
    filled = await cluster.template("tills")
    await _fill(filled, slice_of_year)
    for run in range(runs):
        site = await cluster.site(f"tills_{run}", like=filled)
        await _publish(site, slice_of_year)
        applied = await _applied_per_second(cluster, site, slice_of_year)
        least = await floor.lines_per_second(site, slice_of_year)
        yield Sample(5, applied / least, {"till lines/s": applied, "floor, lines/s": least})


async def _fill(site: Site, slice_of_year: Sequence[Receipt]) -> None:
    """What the tills are going to sell lies on inventory's shelves, and on those of the floor."""
    sold: Counter[tuple[str, str]] = Counter()
    for receipt in slice_of_year:
        for line in receipt.lines:
            sold[line.sku, receipt.location_id] += line.quantity
    await open_shops(site.database_url, {place for _, place in sold}, {sku for sku, _ in sold})
    connection = await asyncpg.connect(site.database_url)
    try:
        await connection.execute(floor.TABLES)
        await connection.execute('CREATE TABLE bench.opening (sku text COLLATE "C", location_id text, quantity bigint)')
        shelves = [(*key, quantity) for key, quantity in sold.items()]
        await connection.copy_records_to_table("opening", schema_name="bench", records=shelves)
    finally:
        await connection.close()
    for schema in ("inventory", "bench"):
        await receive(site.database_url, _OPENING, schema)


async def _publish(site: Site, slice_of_year: Sequence[Receipt]) -> None:
    """Put all receipts on the bus, while nobody reads."""
    messages = [message(receipt) for receipt in slice_of_year]
    async with started(site.open_bus()) as bus:
        for start in range(0, len(messages), PUBLISHED_TOGETHER):
            await bus.publish(messages[start : start + PUBLISHED_TOGETHER])


async def _applied_per_second(cluster: Cluster, site: Site, slice_of_year: Sequence[Receipt]) -> float:
    """Lines a second, once a tenth is in."""
    async with inventory(site, cluster.log(site.name)):
        await all_read(site, len(slice_of_year), APPLY_LIMIT_S)
        end = utc_now()
    lines = sum(len(receipt.lines) for receipt in slice_of_year)
    return rate_after_first_tenth(await batches(site, lines), end)
