"""Two processes of inventory on one database: one truth about the last unit, and each event once."""

import asyncio
import os
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

from shared.clock import utc_now
from shared.http.auth import issue
from tests.conditions import eventually_async
from tests.system.test_compose import ROOT, free_port

SECRET = "a secret for tests that is long enough"


@pytest.fixture
async def processes(database_url: str) -> AsyncIterator[list[httpx.AsyncClient]]:
    """Clients of two inventory processes."""
    environment = {**os.environ, "ZAIKO_DATABASE_URL": database_url, "ZAIKO_TOKEN_SECRET": SECRET}
    assert start("serve", environment).wait(60) == 1, "it serves without its tables"
    assert start("migrate", environment).wait(60) == 0
    headers = {"Authorization": f"Bearer {issue(SECRET, 'operator', None, utc_now())}"}
    started: list[subprocess.Popen[bytes]] = []
    async with AsyncExitStack() as clients:
        opened = []
        for port in (free_port(), free_port()):
            started.append(start("serve", {**environment, "ZAIKO_PORT": str(port)}))
            client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60)
            opened.append(await clients.enter_async_context(client))
        for client in opened:
            await eventually_async(lambda client=client: is_ready(client), 60)
        yield opened
    for process in started:
        process.terminate()
    for process in started:
        process.wait(30)


def start(command: str, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "services.inventory", command], cwd=ROOT, env=environment)


async def is_ready(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/health/ready")).status_code == 200
    except httpx.TransportError:
        return False


async def stock(client: httpx.AsyncClient, sku: str, **quantities: int) -> None:
    (await client.put(f"/v1/items/{sku}", json={"name": sku})).raise_for_status()
    for location_id, quantity in quantities.items():
        body: dict[str, Any] = {"name": location_id, "kind": "store", "ships": True, "offers_pickup": True}
        (await client.put(f"/v1/locations/{location_id}", json=body)).raise_for_status()
        movement = {"id": f"{sku}-{location_id}", "kind": "receipt", "sku": sku, "location_id": location_id}
        movement |= {"quantity": quantity, "occurred_at": "2017-11-19T00:00:00Z"}
        (await client.post("/v1/stock/movements", json={"movements": [movement]})).raise_for_status()


async def rush(processes: list[httpx.AsyncClient], sku: str) -> Counter[int]:
    """200 customers at once, on either process."""
    body = {"reference": "rush", "channel": "web", "lines": [{"sku": sku, "quantity": 1}]}
    asked = (processes[number % 2].post("/v1/reservations", json=body) for number in range(200))
    return Counter(answer.status_code for answer in await asyncio.gather(*asked))


async def test_the_last_unit_goes_to_one_of_200_on_two_processes(processes: list[httpx.AsyncClient]) -> None:
    await stock(processes[0], "A", S1=1)
    assert await rush(processes, "A") == {201: 1, 409: 199}


async def test_50_units_in_8_stores_go_to_50_of_200_on_two_processes(processes: list[httpx.AsyncClient]) -> None:
    await stock(processes[0], "A", S1=7, S2=6, S3=7, S4=6, S5=6, S6=6, S7=6, S8=6)
    assert await rush(processes, "A") == {201: 50, 409: 150}


async def test_a_sale_told_to_both_processes_at_once_counts_once(processes: list[httpx.AsyncClient]) -> None:
    await stock(processes[0], "A", S1=10)
    lines = [{"sku": "A", "quantity": 1}]
    sale = {
        "specversion": "1.0",
        "id": "1",
        "source": "/locations/S1/tills/2",
        "type": "zaiko.till.sale.v1",
        "time": "2017-11-20T09:00:00Z",
        "data": {"location_id": "S1", "till_id": "2", "receipt_id": "1", "lines": lines},
    }
    headers = {"content-type": "application/cloudevents+json"}
    asked = (processes[number % 2].post("/v1/events", json=sale, headers=headers) for number in range(20))
    answers = [answer.json() for answer in await asyncio.gather(*asked)]
    assert sum(answer["accepted"] for answer in answers) == 1
    assert sum(answer["duplicates"] for answer in answers) == 19
    level = (await processes[1].get("/v1/stock/A")).json()["locations"][0]
    assert level["on_hand"] == 9
