"""Bought anywhere, returned anywhere, through the public interfaces of the whole house."""

from collections import Counter
from typing import Any

import pytest

from tests.conditions import eventually_async
from tests.integration.errands import SHOP, event, lines, ordered, stock, tell
from tests.integration.invariants import violations
from tests.integration.whole import Zaiko, running


async def on_hand(zaiko: Zaiko, sku: str) -> dict[str, int]:
    levels = (await zaiko.ask("GET", f"/inventory/v1/stock/{sku}"))["locations"]
    return {level["location_id"]: level["on_hand"] for level in levels}


async def test_bought_anywhere_it_comes_back_anywhere_and_the_stock_moves_once(
    database_url: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running("postgres", database_url, request, monkeypatch) as zaiko:
        for place, kind in ((SHOP, "store"), ("S2", "store"), ("W1", "warehouse")):
            body = {"name": place, "kind": kind, "latitude": 35.0, "longitude": 139.0, "time_zone": "Asia/Tokyo"}
            body |= {"ships": kind == "warehouse", "offers_pickup": kind == "store"}
            await zaiko.ask("PUT", f"/inventory/v1/locations/{place}", body)
        await stock(zaiko, "tea", "W1", 10)
        path = await ordered(zaiko, "tea")
        await zaiko.ask("POST", f"{path}/shipments", {"location_id": "W1", "lines": lines("tea", 2)})
        order_id = path.rpartition("/")[2]
        till = {"till_id": "2", "lines": lines("tea", 1)}

        # The till sells three of what W1 has not: the shelf is below 0, and the facts stand.
        await tell(
            zaiko,
            event(zaiko, "sale", 1, till_id="2", receipt_id="R1", lines=lines("tea", 3)),
            event(zaiko, "return", 2, receipt_id="R2", order_id=order_id, **till),
        )
        await until_returned(zaiko, path, 1)
        receipt = {"location_id": SHOP, "till_id": "2", "receipt_id": "R1"}
        for place, role in (("S2", "store-staff"), ("W1", "operator")):
            back = {"location_id": place, "receipt": receipt, "lines": lines("tea", 1)}
            location_id = place if role == "store-staff" else None
            answer = await zaiko.answer("POST", "/inventory/v1/returns", back, role=role, location_id=location_id)
            assert answer.status_code == 201, answer.text
        await zaiko.ask("POST", f"{path}/returns", {"location_id": "S2", "lines": lines("tea", 1)})
        await until_on_hand(zaiko, {SHOP: -2, "S2": 2, "W1": 9})

        shown = await zaiko.ask("GET", f"/inventory/v1/receipts/{SHOP}/2/R1")
        assert shown["lines"] == [{"sku": "tea", "sold": 3, "came_back": 2, "returnable": 1}]
        order = await zaiko.ask("GET", path)
        assert Counter(returned["location_id"] for returned in order["returns"]) == {SHOP: 1, "S2": 1}
        assert (order["state"], order["lines"][0]["returned"]) == ("completed", 2)
        refused = await zaiko.answer("POST", f"{path}/returns", {"location_id": "S2", "lines": lines("tea", 1)})
        assert refused.status_code == 409
        # In all 5 were sold, and 4 are back.
        for expected in (201, 409):
            answer = await zaiko.answer(
                "POST", "/inventory/v1/returns", {"location_id": "S2", "lines": lines("tea", 1)}
            )
            assert answer.status_code == expected, answer.text
        assert await on_hand(zaiko, "tea") == {SHOP: -2, "S2": 3, "W1": 9}
        assert await violations(database_url, zaiko.bus) == []


async def until_returned(zaiko: Zaiko, path: str, units: int) -> None:
    async def is_marked() -> bool:
        return bool((await zaiko.ask("GET", path))["lines"][0]["returned"] == units)

    await eventually_async(is_marked)


async def until_on_hand(zaiko: Zaiko, expected: dict[str, Any]) -> None:
    async def is_there() -> bool:
        return bool(await on_hand(zaiko, "tea") == expected)

    is_there.__qualname__ = f"on hand is {expected}"
    await eventually_async(is_there)
