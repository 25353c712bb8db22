"""Where a basket could be collected: pickup asks a real inventory, which tells it the locations too."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest
import uvicorn

from services.inventory import migrations
from services.inventory.app import create_app
from services.inventory.settings import SCHEMA
from services.inventory.settings import Settings as InventorySettings
from services.pickup.settings import Settings
from services.pickup.store import locations
from shared.database import Database
from shared.http.auth import issue
from shared.migration import migrate
from tests.conditions import eventually as eventually_now
from tests.integration.pickup.service import SECRET, MovingClock, PickupService, eventually, location

GINZA = {"latitude": 35.6717, "longitude": 139.7650}
SHIBUYA = {"latitude": 35.6580, "longitude": 139.7016}
OSAKA = {"latitude": 34.6937, "longitude": 135.5023}
BASKET = {"lines": [{"sku": "A", "quantity": 2}, {"sku": "B", "quantity": 1}], "near": GINZA}


@pytest.fixture
async def inventory(pickup_url: str, clock: MovingClock) -> AsyncIterator[httpx.AsyncClient]:
    """An operator's client of inventory, served over HTTP on the same database and bus."""
    database = Database(pickup_url, SCHEMA, pool_size=1)
    await migrate(database, migrations)
    await database.close()
    app = create_app(InventorySettings(database_url=pickup_url, token_secret=SECRET), clock=clock)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None))
    serving = asyncio.create_task(server.serve())
    await eventually_now(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    token = issue(SECRET, "operator", None, clock())
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {token}"}, trust_env=False
    ) as client:
        yield client
    server.should_exit = True
    await serving


@pytest.fixture
def settings(settings: Settings, request: pytest.FixtureRequest) -> Settings:
    """Where the test has an inventory, pickup knows where it is."""
    if "inventory" not in request.fixturenames:
        return settings
    client: httpx.AsyncClient = request.getfixturevalue("inventory")
    return settings.model_copy(update={"inventory_url": str(client.base_url)})


async def tell_location(inventory: httpx.AsyncClient, location_id: str, **changes: Any) -> None:
    body = {"name": location_id.title(), "kind": "store", "ships": False, "offers_pickup": True, **changes}
    (await inventory.put(f"/v1/locations/{location_id}", json=body)).raise_for_status()


async def receive(inventory: httpx.AsyncClient, location_id: str, at: str, **units: int) -> None:
    for sku in units:
        (await inventory.put(f"/v1/items/{sku}", json={"name": sku})).raise_for_status()
    common = {"kind": "receipt", "location_id": location_id, "occurred_at": at}
    movements = [
        {"id": f"{location_id}/{sku}", "sku": sku, "quantity": quantity, **common} for sku, quantity in units.items()
    ]
    (await inventory.post("/v1/stock/movements", json={"movements": movements})).raise_for_status()


async def ask(service: PickupService, **changes: Any) -> httpx.Response:
    async with service.client("storefront") as shop:
        return await shop.post("/v1/pickup-options", json={**BASKET, **changes})


async def test_stores_come_by_distance_with_what_they_have(
    inventory: httpx.AsyncClient, service: PickupService
) -> None:
    await tell_location(inventory, "NOWHERE")
    await tell_location(inventory, "DEPOT", **GINZA, kind="warehouse", offers_pickup=False)
    for name, place in {"OSAKA": OSAKA, "SHIBUYA": SHIBUYA, "GINZA": GINZA}.items():
        await tell_location(inventory, name, **place)
    await receive(inventory, "SHIBUYA", "2017-11-19T00:00:00Z", A=2, B=5)
    await receive(inventory, "GINZA", "2017-11-19T00:00:00Z", A=1)

    async def are_known() -> bool:
        async with service.database.reading() as connection:
            return len(await locations.offering_pickup(connection)) == 3

    await eventually(are_known)
    answer = (await ask(service)).json()
    found: list[Mapping[str, Any]] = answer["items"]
    assert [(item["location_id"], item["available"]) for item in found] == [
        ("GINZA", "some"),
        ("SHIBUYA", "all"),
        ("OSAKA", "none"),
    ]
    assert found[0]["lines"] == [
        {"sku": "A", "quantity": 2, "available": 1},
        {"sku": "B", "quantity": 1, "available": 0},
    ]
    assert (found[0]["distance_km"], round(found[1]["distance_km"])) == (0.0, 6)
    assert (found[0]["name"], found[0]["ready_by"], answer["as_of"]) == (
        "Ginza",
        "2017-11-20T11:00:00Z",
        "2017-11-20T09:00:00Z",
    )
    nearest = (await ask(service, limit=1)).json()["items"]
    assert [item["location_id"] for item in nearest] == ["GINZA"]


async def test_without_inventory_nobody_knows_what_is_where(service: PickupService) -> None:
    await service.publish(location("GINZA", service.clock(), **GINZA))
    answer = await ask(service)
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


async def test_a_late_word_about_a_location_changes_nothing(service: PickupService) -> None:
    opened = location("GINZA", service.clock(), **GINZA)
    service.clock.move(seconds=1)
    closed = location("GINZA", service.clock(), **GINZA, offers_pickup=False)
    await service.publish(opened, closed, opened, closed)
    await service.publish(opened)
    answer = await ask(service)
    assert (answer.status_code, answer.json()["items"]) == (200, [])


async def test_a_basket_that_is_none_is_refused_with_pointers(service: PickupService) -> None:
    answer = await ask(service, lines=[{"sku": "A", "quantity": -1}], near={"latitude": 91, "longitude": 0}, limit=51)
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["/lines/0/quantity", "/near/latitude", "/limit"]
