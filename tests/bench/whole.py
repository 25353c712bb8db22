"""The whole system under load: all services in one process, with places, items and more stock than asked."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx

from tests.bench.cluster import Cluster
from tests.bench.processes import Server, all_services
from tests.bench.references import make_tables
from tests.bench.site import Site
from tests.bench.target import Request, Target

HOT = "HOT"
"""The item that everybody wants; it lies at every place."""
COLD_SKUS = 1_000
WATCHED_SKUS = 100
"""Items that only tills sell, so that each sale can be told by the level that it leaves."""
PLACES = 10
QUANTITY = 100_000_000
"""Of each item at each place: more than the bench can ask for."""
HOLD_S = 86_400
"""No promise lapses while the bench runs."""
MOVEMENTS_LIMIT = 500


@dataclass(frozen=True)
class Whole:
    """A running system, filled."""

    site: Site
    server: Server
    target: Target


@asynccontextmanager
async def whole_system(cluster: Cluster, name: str) -> AsyncIterator[Whole]:
    """All services on a new site, with places, items and stock, at rest."""
    site = await cluster.site(name)
    async with all_services(site, cluster.log(name)) as server:
        target = Target([server.port])
        async with target.client() as client:
            await _fill(client)
        await make_tables(site.database_url, HOT, "S0", QUANTITY)
        await site.rest()
        yield Whole(site, server, target)


async def _fill(client: httpx.AsyncClient) -> None:
    for number in range(PLACES):
        body = {"name": f"S{number}", "kind": "store", "ships": number == 0, "offers_pickup": True}
        (await client.put(f"/inventory/v1/locations/S{number}", json=body)).raise_for_status()
    shelves = list(_shelves())
    items = "".join(json.dumps({"sku": sku, "name": sku}) + "\n" for sku in dict.fromkeys(sku for sku, _ in shelves))
    kind = {"content-type": "application/x-ndjson"}
    (await client.post("/inventory/v1/items/import", content=items, headers=kind)).raise_for_status()
    movements = [
        {
            "id": f"{sku}/{location_id}",
            "kind": "receipt",
            "sku": sku,
            "location_id": location_id,
            "quantity": QUANTITY,
            "occurred_at": "2017-11-19T00:00:00Z",
        }
        for sku, location_id in shelves
    ]
    for start in range(0, len(movements), MOVEMENTS_LIMIT):
        batch = {"movements": movements[start : start + MOVEMENTS_LIMIT]}
        (await client.post("/inventory/v1/stock/movements", json=batch)).raise_for_status()


def _shelves() -> Iterator[tuple[str, str]]:
    """Every item and place that has stock."""
    places = [f"S{number}" for number in range(PLACES)]
    yield from ((HOT, place) for place in places)
    yield from ((sku, "S0") for sku in cold_skus())
    yield from ((sku, place) for sku in watched_skus() for place in places)


def cold_skus() -> list[str]:
    return [f"A{number}" for number in range(COLD_SKUS)]


def watched_skus() -> list[str]:
    return [f"L{number}" for number in range(WATCHED_SKUS)]


def reservation(sku: str, location_id: str = "S0", path: str = "/inventory/v1/reservations") -> Request:
    """One unit from one place; `path` is without the mount where inventory runs alone."""
    body = {
        "reference": "bench",
        "channel": "web",
        "lines": [{"sku": sku, "quantity": 1}],
        "sourcing": {"policy": "single_location", "candidates": [location_id]},
        "ttl_seconds": HOLD_S,
    }
    return {"method": "POST", "path": path, "body": body}
