"""One small story from end to end: a till, a stream, a web shop, a counter."""

import json
from typing import Any

import httpx

from tests.conditions import eventually_async
from tests.system.installation import Installation

RECEIVED = 10
SOLD = 3
ORDERED = 2


async def test_a_sale_at_a_till_is_seen_on_the_live_stream(shared_installation: Installation) -> None:
    here = shared_installation
    async with here.client("operator") as operator, here.client("till", "S10") as till:
        await _open_shop(operator, "S10", "tea")
        async with operator.stream("GET", "/inventory/v1/stream", params={"location_id": "S10"}) as stream:
            answer = await till.post("/inventory/v1/events", json=_sale("S10", "tea"), headers=_STRUCTURED)
            assert answer.status_code == 202
            assert answer.json() == {"accepted": 1, "duplicates": 0, "rejected": []}
            level = await _next_level(stream, on_hand=RECEIVED - SOLD)
    assert (level["sku"], level["location_id"], level["available"]) == ("tea", "S10", RECEIVED - SOLD)


async def test_a_sale_sent_twice_counts_once(shared_installation: Installation) -> None:
    here = shared_installation
    async with here.client("operator") as operator, here.client("till", "S11") as till:
        await _open_shop(operator, "S11", "rice")
        for expected in ({"accepted": 1, "duplicates": 0}, {"accepted": 0, "duplicates": 1}):
            answer = await till.post("/inventory/v1/events", json=_sale("S11", "rice"), headers=_STRUCTURED)
            assert answer.json() == {**expected, "rejected": []}
        assert await _on_hand(operator, "S11", "rice") == RECEIVED - SOLD


async def test_an_order_is_collected_at_the_counter_and_leaves_the_shelf(shared_installation: Installation) -> None:
    here = shared_installation
    async with (
        here.client("operator") as operator,
        here.client("storefront") as shop,
        here.client("store-staff", "S12") as staff,
    ):
        await _open_shop(operator, "S12", "miso")
        order = await _order(shop, "S12", "miso")
        bag = await _bag(staff, order["order_id"])
        await _take(staff, bag, "start", {})
        await _take(staff, bag, "lines/miso/pick", {"quantity": ORDERED})
        ready = await _take(staff, bag, "ready", {})
        assert not ready.get("code"), "the staff must ask the customer for the code"
        wrong = await staff.post(f"/pickup/v1/pickups/{bag}/collect", json={"code": "000000"})
        code = (await shop.get(f"/pickup/v1/pickups/{bag}")).json()["code"]
        assert wrong.status_code == 403 or code == "000000"
        await _take(staff, bag, "collect", {"code": code})

        async def has_left_the_shelf() -> bool:
            return await _on_hand(operator, "S12", "miso") == RECEIVED - ORDERED

        async def is_completed() -> bool:
            return bool((await shop.get(f"/orders/v1/orders/{order['order_id']}")).json()["state"] == "completed")

        await eventually_async(has_left_the_shelf)
        await eventually_async(is_completed)


async def test_more_than_is_there_is_refused_and_nothing_is_held(shared_installation: Installation) -> None:
    here = shared_installation
    async with here.client("operator") as operator, here.client("storefront") as shop:
        await _open_shop(operator, "S13", "salt")
        answer = await _place(shop, "S13", "salt", RECEIVED + 1)
        assert answer.status_code == 409
        assert answer.json()["code"] == "insufficient_stock"
        levels = (await operator.get("/inventory/v1/stock/salt")).json()["locations"]
    assert [level["reserved"] for level in levels if level["location_id"] == "S13"] == [0]


async def _open_shop(operator: httpx.AsyncClient, place: str, sku: str) -> None:
    location = {"name": place, "kind": "store", "ships": False, "offers_pickup": True}
    (await operator.put(f"/inventory/v1/locations/{place}", json=location)).raise_for_status()
    (await operator.put(f"/inventory/v1/items/{sku}", json={"name": sku})).raise_for_status()
    receipt = {
        "id": f"opening-{place}-{sku}",
        "kind": "receipt",
        "sku": sku,
        "location_id": place,
        "quantity": RECEIVED,
        "occurred_at": "2017-11-19T00:00:00Z",
    }
    (await operator.post("/inventory/v1/stock/movements", json={"movements": [receipt]})).raise_for_status()


async def _on_hand(operator: httpx.AsyncClient, place: str, sku: str) -> int:
    levels = (await operator.get(f"/inventory/v1/stock/{sku}")).json()["locations"]
    return next(int(level["on_hand"]) for level in levels if level["location_id"] == place)


async def _place(shop: httpx.AsyncClient, place: str, sku: str, quantity: int) -> httpx.Response:
    """Place a pickup order; the orders service hears of a new store a moment after inventory has it."""
    body = {
        "channel": "web",
        "currency": "USD",
        "lines": [{"sku": sku, "quantity": quantity, "unit_price": {"amount": 100, "currency": "USD"}}],
        "fulfilment": {"method": "pickup", "location_id": place},
    }
    answers: list[httpx.Response] = []

    async def place_is_known() -> bool:
        answers.append(await shop.post("/orders/v1/orders", json=body, headers={"Prefer": "wait=10"}))
        return answers[-1].status_code != 422

    await eventually_async(place_is_known)
    return answers[-1]


async def _order(shop: httpx.AsyncClient, place: str, sku: str) -> dict[str, Any]:
    answer = await _place(shop, place, sku, ORDERED)
    assert answer.status_code == 201, answer.text
    order: dict[str, Any] = answer.json()
    assert order["state"] == "confirmed"
    return order


async def _bag(staff: httpx.AsyncClient, order_id: str) -> str:
    found: list[str] = []

    async def is_on_the_work_list() -> bool:
        page = (await staff.get("/pickup/v1/pickups", params={"order_id": order_id})).json()
        found.extend(item["pickup_id"] for item in page["items"])
        return bool(found)

    await eventually_async(is_on_the_work_list)
    return found[0]


async def _take(staff: httpx.AsyncClient, bag: str, step: str, body: dict[str, object]) -> dict[str, Any]:
    answer = await staff.post(f"/pickup/v1/pickups/{bag}/{step}", json=body)
    assert answer.status_code == 200, answer.text
    pickup: dict[str, Any] = answer.json()
    return pickup


async def _next_level(stream: httpx.Response, on_hand: int) -> dict[str, Any]:
    """The next level on the stream with so many units on hand."""
    async for line in stream.aiter_lines():
        if line.startswith("data:"):
            level: dict[str, Any] = json.loads(line.removeprefix("data:"))
            if level["on_hand"] == on_hand:
                return level
    raise AssertionError("the stream ended")


_STRUCTURED = {"Content-Type": "application/cloudevents+json"}


def _sale(place: str, sku: str) -> dict[str, object]:
    return {
        "specversion": "1.0",
        "id": f"receipt-{sku}",
        "source": f"/locations/{place}/tills/1",
        "type": "zaiko.till.sale.v1",
        "time": "2017-11-20T09:00:00Z",
        "data": {"location_id": place, "till_id": "1", "receipt_id": "7", "lines": [{"sku": sku, "quantity": SOLD}]},
    }
