"""From where an order would come, and why: orders plans, a real inventory says what it would hold."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from services.inventory import migrations
from services.inventory.app import create_app
from services.inventory.settings import SCHEMA
from services.inventory.settings import Settings as InventorySettings
from services.orders.store.locations import Networks
from shared.database import Database
from shared.http.auth import issue
from shared.migration import migrate
from tests.clocks import MovableClock
from tests.conditions import eventually_async
from tests.integration.orders.conftest import Start
from tests.integration.orders.service import SECRET, OrdersService, location, pickup_body
from tests.serving import serving

TOKYO = {"latitude": 35.68, "longitude": 139.77}
YOKOHAMA = {"latitude": 35.44, "longitude": 139.64}
OSAKA = {"latitude": 34.70, "longitude": 135.50}
PLACES: dict[str, dict[str, Any]] = {
    "S-tokyo": {**TOKYO, "groups": ["flagship"]},
    "S-yokohama": YOKOHAMA,
    "S-osaka": OSAKA,
    "S-counter": {**TOKYO, "ships": False},
    "W-osaka": {**OSAKA, "kind": "warehouse", "offers_pickup": False},
}
TO_TOKYO = {"method": "ship", "destination": {"country": "JP", **TOKYO}}
STORES_FIRST = {
    "rules": [
        {
            "name": "stores nearby",
            "filters": [
                {"filter": "kind", "kinds": ["store"]},
                {"filter": "within_km", "km": 100},
                {"filter": "capacity_left"},
                {"filter": "keep_back", "units": 2},
            ],
            "rankings": [{"rank": "distance"}],
        },
        {"name": "warehouses", "filters": [{"filter": "kind", "kinds": ["warehouse"]}]},
    ]
}


@dataclass
class House:
    """Orders, and the inventory that it asks."""

    orders: OrdersService
    inventory: httpx.AsyncClient

    async def receive(self, location_id: str, **units: int) -> None:
        for sku in units:
            (await self.inventory.put(f"/v1/items/{sku}", json={"name": sku})).raise_for_status()
        movements = [
            {"id": f"{location_id}/{sku}", "kind": "receipt", "sku": sku, "location_id": location_id}
            | {"quantity": quantity, "occurred_at": "2017-11-19T00:00:00Z"}
            for sku, quantity in units.items()
        ]
        (await self.inventory.post("/v1/stock/movements", json={"movements": movements})).raise_for_status()

    async def preview(self, *lines: tuple[str, int], fulfilment: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = await ask(self.orders, *lines, fulfilment=fulfilment)
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        return shown


async def ask(
    orders: OrdersService, *lines: tuple[str, int], fulfilment: dict[str, Any] | None = None
) -> httpx.Response:
    wanted = [{"sku": sku, "quantity": quantity} for sku, quantity in lines]
    body = {"channel": "web", "lines": wanted, "fulfilment": fulfilment or TO_TOKYO}
    return await orders.storefront.post("/v1/sourcing/preview", json=body)


def verdicts(preview: dict[str, Any]) -> dict[str, tuple[str, list[str]]]:
    """Of each place, with the codes of the reasons."""
    return {
        place["location_id"]: (place["verdict"], [reason["code"] for reason in place["reasons"]])
        for place in preview["places"]
    }


@pytest.fixture
async def house(orders_url: str, start_orders: Start) -> AsyncIterator[House]:
    """Both services on one database and bus, with five places that both know."""
    database = Database(orders_url, SCHEMA, pool_size=1)
    await migrate(database, migrations)
    await database.close()
    app = create_app(InventorySettings(database_url=orders_url, token_secret=SECRET))
    headers = {"Authorization": f"Bearer {issue(SECRET, 'operator', None, MovableClock()())}"}
    async with (
        serving(app) as url,
        httpx.AsyncClient(base_url=url, headers=headers, trust_env=False, timeout=30) as inventory,
        start_orders(inventory_url=url, inventory_timeout_seconds=30) as orders,
    ):
        for name, changes in PLACES.items():
            body = {"name": name, "kind": "store", "ships": True, "offers_pickup": True, **changes}
            (await inventory.put(f"/v1/locations/{name}", json=body)).raise_for_status()

        async def places_are_known() -> bool:
            async with orders.database.reading() as connection:
                return set((await Networks().current(connection)).places) == set(PLACES)

        await eventually_async(places_are_known)
        yield House(orders, inventory)


async def test_every_place_is_chosen_or_told_why_not(house: House) -> None:
    (await house.orders.operator.put("/v1/routing-policies/web", json=STORES_FIRST)).raise_for_status()
    await house.receive("S-tokyo", shirt=3)
    await house.receive("S-yokohama", shirt=9)
    await house.receive("W-osaka", shirt=50)
    preview = await house.preview(("shirt", 3))
    assert preview["would_hold"] is True
    assert preview["plan"]["candidates"] == ["S-tokyo", "S-yokohama", "W-osaka"]
    assert preview["allocations"] == [{"sku": "shirt", "location_id": "S-yokohama", "quantity": 3}]
    assert verdicts(preview) == {
        "S-tokyo": ("not_needed", ["not_needed", "kept_back"]),
        "S-yokohama": ("chosen", ["gives"]),
        "W-osaka": ("not_needed", ["not_needed"]),
        "S-counter": ("excluded", ["does_not_ship"]),
        "S-osaka": ("excluded", ["within_km", "kind"]),
    }
    first, second, *_, last = preview["places"]
    assert (first["position"], first["rule"], first["distance_km"]) == (1, "stores nearby", 0.0)
    assert first["reasons"][1]["detail"] == "1 of 3 shirt: 2 of every item stay there."
    assert [(line["stock"], line["could_give"]) for line in first["lines"]] == [(3, 1)]
    assert second["reasons"][0]["detail"] == "It gives 3 of shirt."
    assert [(reason["rule"], reason["detail"]) for reason in last["reasons"]] == [
        ("stores nearby", f"It is {last['distance_km']} km away, further than 100."),
        ("warehouses", "It is a store."),
    ]


async def test_the_order_comes_from_where_the_preview_said_and_the_preview_has_held_nothing(house: House) -> None:
    await house.receive("S-tokyo", shirt=1, sock=5)
    await house.receive("S-yokohama", shirt=5)
    previews = [await house.preview(("shirt", 2), ("sock", 1)) for _ in range(3)]
    assert previews[0]["allocations"] == previews[2]["allocations"]
    lines = [
        {"sku": sku, "quantity": units, "unit_price": {"amount": 100, "currency": "JPY"}}
        for sku, units in (("shirt", 2), ("sock", 1))
    ]
    body = {"channel": "web", "currency": "JPY", "lines": lines, "fulfilment": TO_TOKYO}
    placed = await house.orders.place(body, wait_s=10)
    assert placed.status_code == 201, placed.text
    promised = [
        {name: share[name] for name in ("sku", "location_id", "quantity")} for share in placed.json()["allocations"]
    ]
    assert promised == sorted(previews[2]["allocations"], key=lambda share: (share["sku"], share["location_id"]))


async def test_what_no_place_has_is_told_with_the_shortage(house: House) -> None:
    await house.receive("S-tokyo", shirt=1)
    await house.receive("S-osaka", shirt=1)
    preview = await house.preview(("shirt", 3))
    assert (preview["would_hold"], preview["code"]) == (False, "insufficient_stock")
    assert preview["shortages"] == [{"sku": "shirt", "requested": 3, "available": 2}]
    told = verdicts(preview)
    assert told["S-tokyo"] == ("not_held", ["insufficient_stock", "too_few_there"])
    assert told["S-yokohama"] == ("lacks_stock", ["none_there"])
    assert told["S-counter"] == ("excluded", ["does_not_ship"])


async def test_a_closed_channel_is_told_at_every_place_that_has_some(house: House) -> None:
    await house.receive("S-tokyo", shirt=9)
    (await house.inventory.put("/v1/channels/web", json={"name": "Web", "open": False})).raise_for_status()
    preview = await house.preview(("shirt", 1))
    assert (preview["would_hold"], preview["code"]) == (False, "channel_closed")
    assert verdicts(preview)["S-tokyo"] == ("not_held", ["channel_closed"])
    assert verdicts(preview)["S-osaka"] == ("lacks_stock", ["none_there"])


async def test_a_place_whose_day_is_full_is_told_as_such(house: House) -> None:
    await house.orders.operator.put("/v1/routing-policies/web", json=STORES_FIRST)
    for name in ("S-tokyo", "S-yokohama"):
        await house.orders.operator.put(f"/v1/fulfilment-capacities/{name}", json={"orders_per_day": 0})
    await house.receive("S-tokyo", shirt=9)
    preview = await house.preview(("shirt", 1))
    (tokyo,) = [place for place in preview["places"] if place["location_id"] == "S-tokyo"]
    assert (tokyo["verdict"], tokyo["orders_left_today"]) == ("excluded", 0)
    assert tokyo["reasons"][0]["detail"] == "It has taken 0 of 0 orders today."
    assert verdicts(preview)["W-osaka"] == ("lacks_stock", ["none_there"])


async def test_a_policy_that_leaves_no_place_is_explained_without_inventory(orders: OrdersService) -> None:
    policy = {"rules": [{"name": "moon", "filters": [{"filter": "group", "any_of": ["moon"]}]}]}
    await orders.operator.put("/v1/routing-policies/web", json=policy)
    answer = await ask(orders, ("shirt", 1))
    assert answer.status_code == 200, answer.text
    preview = answer.json()
    assert (preview["would_hold"], preview["code"], preview["plan"]) == (False, "not_sourceable", None)
    assert verdicts(preview) == dict.fromkeys(("S1", "S2", "W1"), ("excluded", ["group"]))


async def test_a_pickup_comes_from_its_store_or_not_at_all(house: House) -> None:
    await house.receive("S-counter", shirt=1)
    await house.receive("S-tokyo", shirt=9)
    at_the_counter = {"method": "pickup", "location_id": "S-counter"}
    preview = await house.preview(("shirt", 1), fulfilment=at_the_counter)
    assert verdicts(preview)["S-counter"] == ("chosen", ["gives"])
    assert verdicts(preview)["S-tokyo"] == ("excluded", ["not_the_chosen_store"])
    two = await house.preview(("shirt", 2), fulfilment=at_the_counter)
    assert verdicts(two)["S-counter"] == ("lacks_stock", ["too_few_there"])
    elsewhere = {"method": "pickup", "location_id": "W-osaka"}
    answer = await ask(house.orders, ("shirt", 1), fulfilment=elsewhere)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/fulfilment/location_id")


async def test_what_inventory_does_not_know_is_refused_with_the_place_in_the_draft(house: House) -> None:
    await house.receive("S-tokyo", shirt=9)
    answer = await ask(house.orders, ("shirt", 1), ("hat", 1))
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_sku")
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["/lines/1/sku"]
    twice = await ask(house.orders, ("shirt", 1), ("shirt", 1))
    assert (twice.status_code, twice.json()["errors"][0]["pointer"]) == (422, "/lines/1/sku")


async def test_more_places_than_are_asked_are_told_as_such(house: House, start_orders: Start) -> None:
    await house.receive("S-tokyo", shirt=9)
    async with start_orders(candidates_limit=1, inventory_url=str(house.inventory.base_url)) as orders:
        answer = await ask(orders, ("shirt", 1))
    told = verdicts(answer.json())
    assert told["W-osaka"] == ("lacks_stock", ["none_there"])
    assert [told[name] for name in ("S-tokyo", "S-osaka")] == [("beyond_limit", ["beyond_limit"])] * 2


async def test_without_inventory_nobody_knows_what_is_where(start_orders: Start) -> None:
    async with start_orders(inventory_url="http://127.0.0.1:9") as orders:  # nobody listens on port 9
        await orders.applied(location("S1"))
        answer = await ask(orders, ("shirt", 1))
        order = await orders.place(pickup_body())
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert order.status_code == 202
