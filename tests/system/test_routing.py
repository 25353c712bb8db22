"""Routing as data, from outside: a policy is put, and the next orders come from where it says."""

import asyncio
from collections import Counter
from typing import Any

import httpx

from tests.conditions import eventually_async
from tests.system.installation import Installation

PLACES: dict[str, dict[str, Any]] = {
    "R-ginza": {"kind": "store", "latitude": 35.67, "longitude": 139.76, "groups": ["tokyo"]},
    "R-shibuya": {"kind": "store", "latitude": 35.66, "longitude": 139.70, "groups": ["tokyo"]},
    "R-depot": {"kind": "warehouse", "latitude": 34.70, "longitude": 135.50},
}
TO_GINZA = {"method": "ship", "destination": {"country": "JP", "latitude": 35.67, "longitude": 139.76}}
KEPT = 3
POLICY = {
    "rules": [
        {
            "name": "stores in town",
            "filters": [
                {"filter": "group", "any_of": ["tokyo"]},
                {"filter": "capacity_left"},
                {"filter": "keep_back", "units": KEPT},
            ],
            "rankings": [{"rank": "distance", "step_km": 20}, {"rank": "deepest_stock"}],
        },
        {"name": "warehouses", "filters": [{"filter": "kind", "kinds": ["warehouse"]}]},
    ],
    "split": "never",
}


async def put(client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> None:
    (await client.put(path, json=body)).raise_for_status()


async def receive(operator: httpx.AsyncClient, sku: str, **units: int) -> None:
    await put(operator, f"/inventory/v1/items/{sku}", {"name": sku})
    movements = [
        {"id": f"opening-{place}-{sku}", "kind": "receipt", "sku": sku, "location_id": place, "quantity": quantity}
        | {"occurred_at": "2017-11-19T00:00:00Z"}
        for place, quantity in units.items()
    ]
    (await operator.post("/inventory/v1/stock/movements", json={"movements": movements})).raise_for_status()


async def preview(shop: httpx.AsyncClient, sku: str) -> dict[str, Any]:
    body = {"channel": "phone", "lines": [{"sku": sku, "quantity": 1}], "fulfilment": TO_GINZA}
    answer = await shop.post("/orders/v1/sourcing/preview", json=body)
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def order(shop: httpx.AsyncClient, sku: str) -> str:
    """The place that a confirmed order of one unit comes from."""
    body = {
        "channel": "phone",
        "currency": "JPY",
        "lines": [{"sku": sku, "quantity": 1, "unit_price": {"amount": 1290, "currency": "JPY"}}],
        "fulfilment": TO_GINZA,
    }
    answer = await shop.post("/orders/v1/orders", json=body, headers={"Prefer": "wait=10"})
    assert answer.status_code == 201, answer.text
    (share,) = answer.json()["allocations"]
    return str(share["location_id"])


async def test_a_policy_steers_orders_and_its_last_pieces_stay_however_many_order_at_once(
    shared_installation: Installation,
) -> None:
    async with shared_installation.client("operator") as operator, shared_installation.client("storefront") as shop:
        for name, changes in PLACES.items():
            body = {"name": name, "ships": True, "offers_pickup": False, **changes}
            await put(operator, f"/inventory/v1/locations/{name}", body)
        await receive(operator, "kite", **{"R-ginza": 4, "R-shibuya": 10, "R-depot": 50})

        async def places_are_known() -> bool:
            shown = await preview(shop, "kite")
            return PLACES.keys() <= {place["location_id"] for place in shown["places"]}

        await eventually_async(places_are_known)
        assert (await preview(shop, "kite"))["places"][0]["location_id"] == "R-depot"
        await put(operator, "/orders/v1/routing-policies/phone", POLICY)

        shown = await preview(shop, "kite")
        assert (shown["plan"]["policy"], shown["plan"]["tiers"]) == ("single_location", [2, 1])
        assert shown["allocations"] == [{"sku": "kite", "location_id": "R-shibuya", "quantity": 1}]
        assert await order(shop, "kite") == "R-shibuya"

        came_from = Counter(await asyncio.gather(*(order(shop, "kite") for _ in range(20))))
        assert came_from == {"R-ginza": 4 - KEPT, "R-shibuya": 10 - 1 - KEPT, "R-depot": 20 - 7}
        told = {place["location_id"]: place for place in (await preview(shop, "kite"))["places"]}
        assert told["R-depot"]["verdict"] == "chosen"
        for name in ("R-ginza", "R-shibuya"):
            assert told[name]["verdict"] == "lacks_stock"
            assert [reason["code"] for reason in told[name]["reasons"]] == ["kept_back"]
            assert told[name]["lines"][0]["stock"] == KEPT


async def test_a_store_that_has_done_its_day_is_passed_over(shared_installation: Installation) -> None:
    async with shared_installation.client("operator") as operator, shared_installation.client("storefront") as shop:
        for name, changes in PLACES.items():
            body = {"name": name, "ships": True, "offers_pickup": False, **changes}
            await put(operator, f"/inventory/v1/locations/{name}", body)
        await receive(operator, "drum", **{"R-ginza": 30, "R-depot": 50})
        await put(operator, "/orders/v1/routing-policies/phone", POLICY)
        await put(operator, "/orders/v1/fulfilment-capacities/R-ginza", {"orders_per_day": 1_000})
        used = (await operator.get("/orders/v1/fulfilment-capacities/R-ginza")).json()["used_today"]
        await put(operator, "/orders/v1/fulfilment-capacities/R-ginza", {"orders_per_day": used + 2})

        async def it_is_known() -> bool:
            shown = await preview(shop, "drum")
            return bool(shown["places"][0]["location_id"] == "R-ginza")

        await eventually_async(it_is_known)
        assert [await order(shop, "drum") for _ in range(3)] == ["R-ginza", "R-ginza", "R-depot"]
        shown = await preview(shop, "drum")
        (ginza,) = [place for place in shown["places"] if place["location_id"] == "R-ginza"]
        assert (ginza["verdict"], ginza["orders_left_today"]) == ("excluded", 0)
        assert ginza["reasons"][0]["rule"] == "stores in town"
        assert ginza["reasons"][0]["code"] == "capacity_left"
    assert shared_installation.verify().returncode == 0
