"""A coat that is not out yet: customers order it, its day is moved, and who came first has it first."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from shared.contracts.values import rfc3339
from tests.conditions import eventually_async
from tests.integration.errands import lines, order, stock
from tests.integration.invariants import violations
from tests.integration.whole import Zaiko, running

EXPECTED = 12
WISHES = 20
TOWN = "SHOP"


async def test_a_coat_that_is_not_out_yet_is_sold_as_often_as_it_comes(
    database_url: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running("postgres", database_url, request, monkeypatch) as zaiko:
        await open_house(zaiko)
        due, later = (rfc3339(zaiko.clock() + timedelta(days=days)) for days in (30, 40))
        expected = {"location_id": "W1", "sku": "coat", "quantity": EXPECTED, "expected_at": due}
        await zaiko.ask("PUT", "/inventory/v1/incoming/PO-1", expected)
        (item,) = (await zaiko.ask("GET", "/inventory/v1/availability?sku=coat"))["items"]
        assert item["incoming"] == [{"location_id": "W1", "quantity": EXPECTED, "available_at": due}]

        first = await place(zaiko, "coat", 1)
        answers = await asyncio.gather(*(place(zaiko, "coat", 1) for _ in range(WISHES)))
        waiting = [body["order_id"] for status, body in answers if status == 201]
        assert {status for status, _ in answers} == {201, 409}
        assert len(waiting) == EXPECTED - 1
        (line,) = first[1]["lines"]
        assert (line["state"], line["awaited"], line["promised_by"]) == ("backordered", 1, due)
        assert await violations(database_url, zaiko.bus) == []

        await zaiko.ask("PUT", "/inventory/v1/incoming/PO-1", expected | {"available_from": later})
        await dated(zaiko, first[1]["order_id"], later)
        gone = waiting.pop()
        await zaiko.ask("POST", f"/orders/v1/orders/{gone}/cancel", {"reason": "found another"})
        await zaiko.until(f"/orders/v1/orders/{gone}", state="cancelled")

        await receive(zaiko, "coat", 1, "PO-1", "first parcel")
        shown = await zaiko.until(f"/orders/v1/orders/{first[1]['order_id']}", state="confirmed")
        assert [step["state"] for step in shown["timeline"]] == ["pending", "backordered", "backordered", "confirmed"]
        await receive(zaiko, "coat", EXPECTED - 1, "PO-1", "second parcel")
        for order_id in waiting:
            await zaiko.until(f"/orders/v1/orders/{order_id}", state="confirmed")
            await zaiko.ask(
                "POST", f"/orders/v1/orders/{order_id}/shipments", {"location_id": "W1", "lines": lines("coat", 1)}
            )
        (item,) = (await zaiko.ask("GET", "/inventory/v1/availability?sku=coat"))["items"]
        assert (item["available"], "incoming" in item) == (1, False)
        assert await violations(database_url, zaiko.bus) == []


async def test_a_bag_is_asked_for_when_all_of_it_is_in_the_store(
    database_url: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running("postgres", database_url, request, monkeypatch) as zaiko:
        await open_house(zaiko)
        await stock(zaiko, "scarf", TOWN, 1)
        due = rfc3339(zaiko.clock() + timedelta(days=30))
        expected = {"location_id": TOWN, "sku": "scarf", "quantity": 3, "expected_at": due}
        await zaiko.ask("PUT", "/inventory/v1/incoming/PO-1", expected)
        collected = {"fulfilment": {"method": "pickup", "location_id": TOWN}}
        status, placed = await place(zaiko, "scarf", 4, **collected)
        assert (status, placed["state"]) == (201, "backordered")
        path = f"/orders/v1/orders/{placed['order_id']}"
        await zaiko.ask("POST", f"{path}/cancel", {"lines": lines("scarf", 2), "reason": "two are enough"})
        assert (await zaiko.ask("GET", f"/pickup/v1/pickups?order_id={placed['order_id']}"))["items"] == []

        await receive(zaiko, "scarf", 2, "PO-1", "parcel", at=TOWN)
        shown = await zaiko.until(path, state="confirmed")
        assert [(share["quantity"], share["cancelled"]) for share in shown["allocations"]] == [(2, 0)]

        async def there_is_a_bag() -> bool:
            bags = (await zaiko.ask("GET", f"/pickup/v1/pickups?order_id={placed['order_id']}"))["items"]
            return [bag["lines"][0]["quantity"] for bag in bags] == [2]

        await eventually_async(there_is_a_bag)
        assert await violations(database_url, zaiko.bus) == []


async def open_house(zaiko: Zaiko) -> None:
    warehouse = {"name": "W1", "kind": "warehouse", "ships": True, "offers_pickup": False}
    await zaiko.ask("PUT", "/inventory/v1/locations/W1", warehouse)
    store = {"name": TOWN, "kind": "store", "ships": False, "offers_pickup": True}
    await zaiko.ask("PUT", f"/inventory/v1/locations/{TOWN}", store)
    await zaiko.ask("PUT", "/inventory/v1/items/coat", {"name": "coat"})


async def place(zaiko: Zaiko, sku: str, quantity: int, **more: Any) -> tuple[int, Any]:
    body = order(sku, quantity) | {"backorder": True} | more
    answer = await zaiko.answer("POST", "/orders/v1/orders", body, headers={"prefer": "wait=10"})
    return answer.status_code, answer.json()


async def receive(zaiko: Zaiko, sku: str, quantity: int, reference: str, name: str, at: str = "W1") -> None:
    movement = {"id": name, "kind": "receipt", "sku": sku, "location_id": at, "quantity": quantity}
    movement |= {"reference": reference, "occurred_at": rfc3339(zaiko.clock())}
    await zaiko.ask("POST", "/inventory/v1/stock/movements", {"movements": [movement]})


async def dated(zaiko: Zaiko, order_id: str, date: str) -> None:
    """Wait until the order's line is promised by this date."""

    async def it_is() -> bool:
        shown = await zaiko.ask("GET", f"/orders/v1/orders/{order_id}")
        return bool(shown["lines"][0]["promised_by"] == date)

    await eventually_async(it_is)
