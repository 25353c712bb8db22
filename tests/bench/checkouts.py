"""Figure 4: checkouts decided while the client waits, through orders, the bus, inventory and back."""

from collections.abc import AsyncIterator, Collection

from tests.bench.figures import Sample
from tests.bench.target import Request
from tests.bench.whole import Whole, cold_skus

NUMBERS = frozenset({4})
CLIENTS = 128


async def measure(system: Whole, wanted: Collection[int]) -> AsyncIterator[Sample]:
    """One run; an order that is not decided as confirmed in time fails it."""
    idle = await system.target.load(CLIENTS, [_order(sku, "/orders/noop/orders") for sku in cold_skus()], 201)
    decided = await system.target.load(CLIENTS, [_order(sku, "/orders/v1/orders") for sku in cold_skus()], 201)
    beside = {
        "checkouts decided/s": decided.per_second,
        "no-op/s": idle.per_second,
        "checkout, median ms": decided.median_ms,
        "checkout, p99 ms": decided.p99_ms,
    }
    yield Sample(4, decided.per_second / idle.per_second, beside)


def _order(sku: str, path: str) -> Request:
    body = {
        "channel": "web",
        "currency": "JPY",
        "lines": [{"sku": sku, "quantity": 1, "unit_price": {"amount": 1290, "currency": "JPY"}}],
        "fulfilment": {"method": "pickup", "location_id": "S0"},
    }
    return {"method": "POST", "path": path, "body": body, "headers": {"Prefer": "wait=10"}}
