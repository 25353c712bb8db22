"""Cars are sold through a food-delivery app: five of them, however many people order, while web goes on selling."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from tests.conditions import eventually_async
from tests.integration.errands import order, stock
from tests.integration.whole import Zaiko, running

ORDERS = 40


async def test_five_cars_are_sold_through_the_app_and_the_web_shop_sells_on(
    database_url: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running("postgres", database_url, request, monkeypatch) as zaiko:
        for place in ("W1", "W2"):
            body = {"name": place, "kind": "warehouse", "ships": True, "offers_pickup": False}
            await zaiko.ask("PUT", f"/inventory/v1/locations/{place}", body | {"groups": ["cars"]})
            await stock(zaiko, "car", place, ORDERS)
        limits = [{"location_group": "cars", "sku": "car", "cap": 5, "buffer": 1}]
        await zaiko.ask("PUT", "/inventory/v1/channels/delivery", {"name": "Food delivery app", "limits": limits})

        async def buy(channel: str) -> tuple[str, int, Any]:
            body = order("car", 1) | {"channel": channel}
            answer = await zaiko.answer("POST", "/orders/v1/orders", body, headers={"prefer": "wait=10"})
            return channel, answer.status_code, answer.json()

        answers = await asyncio.gather(*(buy(channel) for _ in range(ORDERS) for channel in ("delivery", "web")))
        assert Counter((channel, status) for channel, status, _ in answers) == {
            ("delivery", 201): 5,
            ("delivery", 409): ORDERS - 5,
            ("web", 201): ORDERS,
        }

        sold = next(body["order_id"] for channel, status, body in answers if (channel, status) == ("delivery", 201))
        await zaiko.ask("POST", f"/orders/v1/orders/{sold}/cancel", {"reason": "ordered twice"})
        await zaiko.until(f"/orders/v1/orders/{sold}", state="cancelled")
        asked = "/inventory/v1/availability?sku=car&channel=delivery"
        await is_available(zaiko, asked, 1)
        assert await buy_again(zaiko) == 201
        await is_available(zaiko, asked, 0)
        await zaiko.ask("POST", "/inventory/v1/channels/delivery/close")
        assert await buy_again(zaiko) == 409


async def buy_again(zaiko: Zaiko) -> int:
    body = order("car", 1) | {"channel": "delivery"}
    return (await zaiko.answer("POST", "/orders/v1/orders", body, headers={"prefer": "wait=10"})).status_code


async def is_available(zaiko: Zaiko, path: str, units: int) -> None:
    """Wait until so many are shown."""

    async def so_many() -> bool:
        (item,) = (await zaiko.ask("GET", path))["items"]
        return bool(item["available"] == units)

    await eventually_async(so_many)
