"""The figures: each a ratio of two measurements in one run, because machines differ and are noisy."""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any

import httpx

SKUS = 1_000
PLACES = 10
SECONDS = 4.0
LAG_SAMPLES = 300
HOT = "HOT"


@dataclass(frozen=True)
class Bench:
    """A running system on `port`, and the headers that open its doors."""

    port: int
    headers: dict[str, str]

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", headers=self.headers, timeout=60)

    async def load(self, clients: int, requests: Sequence[dict[str, Any]], good: int) -> dict[str, Any]:
        """The result of a load process. Raises where an answer was not the `good` status."""
        for request in requests:
            request["headers"] = {**self.headers, **request.get("headers", {})}
        job = {"port": self.port, "clients": clients, "seconds": SECONDS, "requests": list(requests)}
        command = [sys.executable, "-m", "tests.bench.load"]
        process = await asyncio.create_subprocess_exec(*command, stdin=-1, stdout=-1)
        output, _ = await process.communicate(json.dumps(job).encode())
        result: dict[str, Any] = json.loads(output)
        if set(result["statuses"]) != {str(good)}:
            raise RuntimeError(f"{requests[0]['path']} answered {result['statuses']}")
        return result


async def fill(bench: Bench) -> None:
    """Places, items, and more stock than the bench can ask for."""
    async with bench.client() as client:
        for number in range(PLACES):
            body = {"name": f"S{number}", "kind": "store", "ships": number == 0, "offers_pickup": True}
            (await client.put(f"/inventory/v1/locations/S{number}", json=body)).raise_for_status()
        skus = [HOT, *(f"A{number}" for number in range(SKUS))]
        items = "".join(json.dumps({"sku": sku, "name": sku}) + "\n" for sku in skus)
        kind = {"content-type": "application/x-ndjson"}
        (await client.post("/inventory/v1/items/import", content=items, headers=kind)).raise_for_status()
        places = {sku: range(PLACES) if sku == HOT else range(1) for sku in skus}
        movements = [
            {
                "id": f"{sku}/{number}",
                "kind": "receipt",
                "sku": sku,
                "location_id": f"S{number}",
                "quantity": 100_000_000,
                "occurred_at": "2017-11-19T00:00:00Z",
            }
            for sku in skus
            for number in places[sku]
        ]
        for start in range(0, len(movements), 500):
            batch = {"movements": movements[start : start + 500]}
            (await client.post("/inventory/v1/stock/movements", json=batch)).raise_for_status()


def reservation(sku: str, path: str = "/inventory/v1/reservations") -> dict[str, Any]:
    body = {
        "reference": "bench",
        "channel": "web",
        "lines": [{"sku": sku, "quantity": 1}],
        "sourcing": {"policy": "single_location", "candidates": ["S0"]},
    }
    return {"method": "POST", "path": path, "body": body}


def order(sku: str, path: str = "/orders/v1/orders") -> dict[str, Any]:
    body = {
        "channel": "web",
        "currency": "JPY",
        "lines": [{"sku": sku, "quantity": 1, "unit_price": {"amount": 1290, "currency": "JPY"}}],
        "fulfilment": {"method": "pickup", "location_id": "S0"},
    }
    return {"method": "POST", "path": path, "body": body, "headers": {"Prefer": "wait=10"}}


async def reservations(bench: Bench) -> dict[str, float]:
    noop = await bench.load(64, [reservation(HOT, "/inventory/noop/reservations")], 201)
    hot = await bench.load(64, [reservation(HOT)], 201)
    cold = await bench.load(64, [reservation(f"A{number}") for number in range(SKUS)], 201)
    return {
        "reservations/s, one hot SKU, 64 clients": hot["per_second"],
        "hot reservations ÷ no-op": hot["per_second"] / noop["per_second"],
        "hot SKU ÷ 1,000 SKUs": hot["per_second"] / cold["per_second"],
        "reservation, median ms": hot["median_ms"],
    }


async def checkouts(bench: Bench) -> dict[str, float]:
    noop = await bench.load(128, [order(HOT, "/orders/noop/orders")], 201)
    decided = await bench.load(128, [order(f"A{number}") for number in range(SKUS)], 201)
    return {
        "checkouts decided/s, 128 clients": decided["per_second"],
        "checkouts ÷ no-op": decided["per_second"] / noop["per_second"],
        "checkout, median ms": decided["median_ms"],
    }


async def availability(bench: Bench) -> dict[str, float]:
    noop = await bench.load(64, [{"method": "GET", "path": f"/inventory/noop/availability?sku={HOT}"}], 200)
    read = await bench.load(64, [{"method": "GET", "path": f"/inventory/v1/availability?sku={HOT}"}], 200)
    return {
        "availability/s, one SKU at 10 places": read["per_second"],
        "availability ÷ no-op": read["per_second"] / noop["per_second"],
    }


async def sync_lag(bench: Bench) -> dict[str, float]:
    """From sending a till sale to seeing its level on the stream, one at a time."""
    lags: list[float] = []
    watched = {"location_id": "S1", "sku": HOT}
    async with bench.client() as client, client.stream("GET", "/inventory/v1/stream", params=watched) as stream:
        lines = stream.aiter_lines()
        for number in range(LAG_SAMPLES):
            sent = time.perf_counter()
            answer = await client.post("/inventory/v1/events", json=_sale(), headers=_STRUCTURED)
            answer.raise_for_status()
            while not (await anext(lines)).startswith("data:"):
                pass
            if number >= LAG_SAMPLES // 10:
                lags.append((time.perf_counter() - sent) * 1e3)
    return {"till sale to stream, median ms": median(lags), "till sale to stream, p99 ms": quantiles(lags, n=100)[-1]}


_STRUCTURED = {"content-type": "application/cloudevents+json"}


def _sale() -> dict[str, Any]:
    identity = str(time.time_ns())
    lines = [{"sku": HOT, "quantity": 1}]
    return {
        "specversion": "1.0",
        "id": identity,
        "source": "/locations/S1/tills/1",
        "type": "zaiko.till.sale.v1",
        "time": "2017-11-20T09:00:00Z",
        "data": {"location_id": "S1", "till_id": "1", "receipt_id": identity, "lines": lines},
    }


FIGURES = (reservations, checkouts, availability, sync_lag)
