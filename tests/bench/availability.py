"""Figure 6: what may be promised of one item at ten places, read from the levels themselves."""

from collections.abc import AsyncIterator, Collection

from tests.bench.figures import Sample
from tests.bench.target import Request
from tests.bench.whole import HOT, Whole

NUMBERS = frozenset({6})
CLIENTS = 64


async def measure(system: Whole, wanted: Collection[int]) -> AsyncIterator[Sample]:
    """One run."""
    idle = await system.target.load(CLIENTS, [_question("/inventory/noop/availability")], 200)
    read = await system.target.load(CLIENTS, [_question("/inventory/v1/availability")], 200)
    beside = {"answers/s": read.per_second, "no-op/s": idle.per_second, "answer, median ms": read.median_ms}
    yield Sample(6, read.per_second / idle.per_second, beside)


def _question(path: str) -> Request:
    return {"method": "GET", "path": f"{path}?sku={HOT}"}
