"""Figure 9: the whole real year through the tills' topic; does inventory slow down as its history grows?"""

from collections.abc import AsyncIterator, Collection

from shared.clock import utc_now
from tests.bench import floor, receipts
from tests.bench.cluster import Cluster
from tests.bench.figures import Sample
from tests.bench.ledger import all_read, batches, rates, while_fed
from tests.bench.processes import inventory
from tests.bench.stock import open_shops
from tests.bench.target import run_process

NUMBERS = frozenset({9})
LINES: int | None = None
"""All of them."""
AHEAD_RECEIPTS = 5_000
YEAR_LIMIT_S = 1_200.0
LAST_LIMIT_S = 60.0


async def measure(cluster: Cluster, wanted: Collection[int], runs: int) -> AsyncIterator[Sample]:
    """Taken once, whatever the number of runs. Nothing lies on the shelves: a till's fact is never refused for that.

    All lines are played and have to be in the ledger; the tenths are of those that came while more was published.
    """
    site = await cluster.site("year")
    await open_shops(site.database_url, receipts.location_ids(), receipts.skus())
    async with inventory(site, cluster.log(site.name)):
        job = {"lines": LINES, "ahead": AHEAD_RECEIPTS, "limit_s": YEAR_LIMIT_S}
        published = await run_process("tests.bench.publisher", job, YEAR_LIMIT_S, site.environment)
        until = utc_now()
        await all_read(site, published["receipts"], LAST_LIMIT_S)
        end = utc_now()
    recorded = await batches(site, published["lines"])
    tenths = rates(*while_fed(recorded, until, end))
    whole = published["lines"] / (end - recorded[0].begun).total_seconds()
    beside = {
        "lines": published["lines"],
        "lines/s": whole,
        "lines/s in each tenth": tenths,
        "receipts waiting, at the least": published["least_ahead"],
    }
    if cluster.has_floor_of_year:
        floor_tenths = await floor.year_tenths(await cluster.template("year_floor"))
        beside |= {"floor, last ÷ first": floor_tenths[-1] / floor_tenths[0], "floor, in each tenth": floor_tenths}
    yield Sample(9, tenths[-1] / tenths[0], beside)
