"""A bag's way through a store as its people go it: one round by scanner, a shelf, somebody else who comes, a rating."""

from typing import Any

import httpx

from tests.conditions import eventually_async
from tests.system.installation import Installation

GTINS = {"beans": "4901234567894", "filters": "036000291452"}
STORE = "C1"
HANAKO = {"name": "Hanako Sato"}


async def open_store(operator: httpx.AsyncClient) -> None:
    store = {"name": "Corner", "kind": "store", "ships": False, "offers_pickup": True}
    (await operator.put(f"/inventory/v1/locations/{STORE}", json=store)).raise_for_status()
    for sku, gtin in GTINS.items():
        (await operator.put(f"/inventory/v1/items/{sku}", json={"name": sku, "gtin": gtin})).raise_for_status()
        receipt = {"id": f"opening-{sku}", "kind": "receipt", "sku": sku, "location_id": STORE, "quantity": 9}
        receipt |= {"occurred_at": "2017-11-19T00:00:00Z"}
        (await operator.post("/inventory/v1/stock/movements", json={"movements": [receipt]})).raise_for_status()


async def order(shop: httpx.AsyncClient, **units: int) -> str:
    """The id of a confirmed order that Hanako may collect."""
    price = {"amount": 790, "currency": "JPY"}
    body = {
        "channel": "web",
        "currency": "JPY",
        "lines": [{"sku": sku, "quantity": quantity, "unit_price": price} for sku, quantity in units.items()],
        "fulfilment": {"method": "pickup", "location_id": STORE, "collector": HANAKO},
    }
    answer = await shop.post("/orders/v1/orders", json=body, headers={"Prefer": "wait=10"})
    assert answer.status_code == 201, answer.text
    assert answer.json()["fulfilment"]["collector"] == HANAKO
    return str(answer.json()["order_id"])


async def bag_of(shop: httpx.AsyncClient, order_id: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = []

    async def there_is_one() -> bool:
        found.extend((await shop.get("/pickup/v1/pickups", params={"order_id": order_id})).json()["items"])
        return bool(found)

    await eventually_async(there_is_one)
    return found[0]


async def test_two_orders_are_picked_in_one_walk_and_collected_by_a_friend(shared_installation: Installation) -> None:
    here = shared_installation
    async with (
        here.client("operator") as operator,
        here.client("storefront") as shop,
        here.client("store-staff", STORE) as staff,
    ):
        await open_store(operator)
        order_ids = [await order(shop, beans=2), await order(shop, beans=1, filters=1)]
        bags = [await bag_of(shop, order_id) for order_id in order_ids]
        work = (await staff.get("/pickup/v1/pickups", params={"open": "true"})).json()["items"]
        assert {bag["pickup_id"] for bag in work} == {bag["pickup_id"] for bag in bags}

        begun = await staff.post("/pickup/v1/pick-rounds", json={"location_id": STORE})
        assert begun.status_code == 201, begun.text
        walk = f"/pickup/v1/pick-rounds/{begun.json()['round_id']}/scan"
        for code, quantity in ((GTINS["beans"].zfill(14), 3), ("https://id.gs1.org/01/00036000291452", 1)):
            scanned = await staff.post(walk, json={"code": code, "quantity": quantity})
            assert scanned.status_code == 200, scanned.text
            assert sum(moved["quantity"] for moved in scanned.json()["moved"]) == quantity

        for bag, order_id in zip(bags, order_ids, strict=True):
            path = f"/pickup/v1/pickups/{bag['pickup_id']}"
            ready = await staff.post(f"{path}/ready", json={"bag_location": "shelf B4"})
            assert (ready.json()["bag_location"], ready.json()["collector"]) == ("shelf B4", HANAKO)
            assert (await shop.get(f"{path}/code.svg")).text.startswith("<svg")
            code = (await shop.get(path)).json()["code"]
            collected = await staff.post(f"{path}/collect", json={"code": code, "collected_by": HANAKO})
            assert collected.json()["collected_by"] == HANAKO
            rated = await shop.post(f"{path}/rating", json={"stars": 5, "words": "ready before I was"})
            assert rated.status_code == 200, rated.text

            async def is_completed(order_id: str = order_id) -> bool:
                return bool((await shop.get(f"/orders/v1/orders/{order_id}")).json()["state"] == "completed")

            await eventually_async(is_completed)
        ratings = (await shop.get("/pickup/v1/ratings", params={"location_id": STORE})).json()
        assert (ratings["count"], ratings["average"]) == (2, 5.0)
        stock = (await operator.get("/inventory/v1/stock/beans")).json()["locations"]
        assert [(level["on_hand"], level["reserved"]) for level in stock] == [(6, 0)]
    assert here.verify().returncode == 0
