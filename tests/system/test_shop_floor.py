"""When the shop floor wins: a till sells what was promised online, and the order is sourced elsewhere by itself."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from services.inventory.settings import Settings
from shared.bus.base import Bus
from shared.bus.opening import open_bus
from shared.contracts import orders, stock
from shared.contracts.event import EventType
from shared.embedded import url_of_running
from tests.conditions import eventually_async
from tests.system.installation import Installation

PLACES = {"F1": (35.68, 139.77), "F2": (35.44, 139.64), "F3": (34.70, 135.50)}
"""Three shops, from near to far as the customer sees them."""


@dataclass
class Town:
    """The shops with a unit each, a customer, and whoever listens to the bus."""

    operator: httpx.AsyncClient
    shop: httpx.AsyncClient
    tills: dict[str, httpx.AsyncClient]
    bus: Bus
    sold: list[str] = field(default_factory=list)

    async def open(self, sku: str, **quantities: int) -> None:
        (await self.operator.put(f"/inventory/v1/items/{sku}", json={"name": sku})).raise_for_status()
        for place, quantity in quantities.items():
            latitude, longitude = PLACES[place]
            location = {"name": place, "kind": "store", "latitude": latitude, "longitude": longitude}
            location |= {"ships": True, "offers_pickup": True}
            (await self.operator.put(f"/inventory/v1/locations/{place}", json=location)).raise_for_status()
            receipt = {"id": f"opening-{place}-{sku}", "kind": "receipt", "sku": sku, "location_id": place}
            receipt |= {"quantity": quantity, "occurred_at": "2017-11-19T00:00:00Z"}
            (
                await self.operator.post("/inventory/v1/stock/movements", json={"movements": [receipt]})
            ).raise_for_status()

    async def order(self, sku: str, quantity: int, fulfilment: dict[str, Any], place: str) -> str:
        """The id of a confirmed order that is promised from the place; orders hears of a new shop a moment later."""
        body = {
            "channel": "web",
            "currency": "JPY",
            "lines": [{"sku": sku, "quantity": quantity, "unit_price": {"amount": 1290, "currency": "JPY"}}],
            "fulfilment": fulfilment,
        }
        answers: list[httpx.Response] = []

        async def shops_are_known() -> bool:
            answers.append(await self.shop.post("/orders/v1/orders", json=body, headers={"Prefer": "wait=10"}))
            return answers[-1].status_code != 422

        await eventually_async(shops_are_known)
        assert answers[-1].status_code == 201, answers[-1].text
        order: dict[str, Any] = answers[-1].json()
        assert [share["location_id"] for share in order["allocations"]] == [place]
        return str(order["order_id"])

    async def sell(self, place: str, sku: str) -> None:
        """The till's sale stands, whatever was promised."""
        receipt = f"{sku}-{place}-{len(self.sold)}"
        self.sold.append(receipt)
        lines = [{"sku": sku, "quantity": 1}]
        event = {
            "specversion": "1.0",
            "id": receipt,
            "source": f"/locations/{place}/tills/1",
            "type": "zaiko.till.sale.v1",
            "time": "2017-11-20T09:00:00Z",
            "data": {"location_id": place, "till_id": "1", "receipt_id": receipt, "lines": lines},
        }
        headers = {"Content-Type": "application/cloudevents+json"}
        answer = await self.tills[place].post("/inventory/v1/events", json=event, headers=headers)
        assert answer.json() == {"accepted": 1, "duplicates": 0, "rejected": []}

    async def shown(self, order_id: str) -> dict[str, Any]:
        order: dict[str, Any] = (await self.shop.get(f"/orders/v1/orders/{order_id}")).json()
        return order

    async def becomes_promised_from(self, order_id: str, *places: str) -> None:
        async def is_promised() -> bool:
            allocations = (await self.shown(order_id))["allocations"]
            return [share["location_id"] for share in allocations if share["quantity"] > share["cancelled"]] == [
                *places
            ]

        await eventually_async(is_promised)

    async def level(self, sku: str, place: str) -> tuple[int, int]:
        """(on_hand, reserved)"""
        levels = (await self.operator.get(f"/inventory/v1/stock/{sku}")).json()["locations"]
        return next((found["on_hand"], found["reserved"]) for found in levels if found["location_id"] == place)

    async def heard(self, kind: EventType[Any]) -> list[Any]:
        """All events of the type on the bus so far."""
        ends = await self.bus.end_offsets(kind.topic)
        records = [record.message async for record in self.bus.read(kind.topic, {}, ends)]
        return [kind.data.model_validate_json(message.value) for message in records if _type(message) == kind.name]


def _type(message: Any) -> str:
    return str(message.headers["ce_type"])


@asynccontextmanager
async def town(here: Installation) -> AsyncIterator[Town]:
    bus = open_bus(Settings(database_url=url_of_running(here.data_dir), bus="postgres"))
    await bus.start()
    try:
        async with (
            here.client("operator") as operator,
            here.client("storefront") as shop,
            here.client("till", "F1") as first,
            here.client("till", "F2") as second,
            here.client("till", "F3") as third,
        ):
            yield Town(operator, shop, {"F1": first, "F2": second, "F3": third}, bus)
    finally:
        await bus.stop()


async def test_a_promised_unit_that_a_till_sells_is_sourced_elsewhere_until_no_place_has_it(
    shared_installation: Installation,
) -> None:
    async with town(shared_installation) as here:
        await here.open("coat", F1=1, F2=1, F3=1)
        latitude, longitude = PLACES["F1"]
        destination = {"country": "JP", "latitude": latitude, "longitude": longitude}
        order_id = await here.order("coat", 1, {"method": "ship", "destination": destination}, "F1")

        for sold_at, then_from in (("F1", "F2"), ("F2", "F3")):
            await here.sell(sold_at, "coat")
            await here.becomes_promised_from(order_id, then_from)
            assert await here.level("coat", sold_at) == (0, 0)
            assert await here.level("coat", then_from) == (1, 1)
            assert (await here.shown(order_id))["state"] == "confirmed"
        await here.sell("F3", "coat")
        await here.becomes_promised_from(order_id)

        risks = [risk for risk in await here.heard(stock.OVERSOLD) if risk.sku == "coat"]
        assert [(risk.location_id, risk.shortfall) for risk in sorted(risks, key=lambda risk: risk.location_id)] == [
            (place, 1) for place in PLACES
        ]
        assert {promise.reference for risk in risks for promise in risk.promises} == {order_id}
        resourced = [told for told in await here.heard(orders.RESOURCED) if told.order_id == order_id]
        moves = [(units.from_location_id, units.to_location_id) for told in resourced for units in told.moved]
        assert moves == [("F1", "F2"), ("F2", "F3")]
        assert {told.channel for told in resourced} == {"web"}
        (cancelled,) = [told for told in await here.heard(orders.CANCELLED) if told.order_id == order_id]
        assert (cancelled.reason, cancelled.complete) == ("oversold", True)

        order = await here.shown(order_id)
        assert (order["state"], order["lines"][0]["cancelled"]) == ("cancelled", 1)
        assert [step["reason"] for step in order["timeline"]][2:] == [
            "1 of coat short at F1",
            "1 of coat from F2 instead of F1",
            "1 of coat short at F2",
            "1 of coat from F3 instead of F2",
            "1 of coat short at F3",
            "1 of coat sold at F3, and no other place has it",
        ]
        promise = (await here.operator.get(f"/inventory/v1/reservations/{order['reservation_id']}")).json()
        assert promise["state"] == "released"
    assert shared_installation.verify().returncode == 0


async def test_a_bag_that_nobody_has_begun_loses_the_unit_that_a_till_sold(shared_installation: Installation) -> None:
    async with town(shared_installation) as here:
        await here.open("scarf", F1=2, F2=5)
        order_id = await here.order("scarf", 2, {"method": "pickup", "location_id": "F1"}, "F1")

        async def bags() -> list[dict[str, Any]]:
            page = await here.operator.get("/pickup/v1/pickups", params={"order_id": order_id})
            found: list[dict[str, Any]] = page.json()["items"]
            return found

        async def there_is_a_bag() -> bool:
            return bool(await bags())

        await eventually_async(there_is_a_bag)
        await here.sell("F1", "scarf")

        async def one_is_given_up() -> bool:
            is_short = [line["short"] for bag in await bags() for line in bag["lines"]] == [1]
            return is_short and await here.level("scarf", "F1") == (1, 1)

        await eventually_async(one_is_given_up)
        order = await here.shown(order_id)
        assert (order["state"], order["lines"][0]["cancelled"]) == ("confirmed", 1)
        (cancelled,) = [told for told in await here.heard(orders.CANCELLED) if told.order_id == order_id]
        assert (cancelled.reason, cancelled.complete) == ("oversold", False)
    assert shared_installation.verify().returncode == 0
