"""What is done again and again on a day: stock comes, customers order, tills tell, bags are picked."""

from datetime import timedelta
from typing import Any

from shared.bus.base import Message
from shared.contracts import tills
from shared.contracts.event import from_object, to_headers
from shared.contracts.values import rfc3339
from tests.conditions import eventually_async
from tests.integration.whole import Zaiko

SHOP = "S1"
WAREHOUSES = ("W1", "W2")
BATCH = {"content-type": "application/cloudevents-batch+json"}
PRICE = {"amount": 1290, "currency": "JPY"}


async def is_known(zaiko: Zaiko, path: str, member: str) -> None:
    """Wait until the answer of a GET has something there."""

    async def it_is() -> bool:
        return (await zaiko.ask("GET", path))[member] is not None

    it_is.__qualname__ = f"{path} has {member}"
    await eventually_async(it_is)


async def ready(zaiko: Zaiko, sku: str) -> tuple[str, str]:
    """The paths of an order and of its bag, which stands at the counter."""
    await stock(zaiko, sku, SHOP)
    path = await ordered(zaiko, sku, pickup=True)
    bag = await bag_of(zaiko, path)
    await zaiko.ask("POST", f"{bag}/start")
    await zaiko.ask("POST", f"{bag}/lines/{sku}/pick", {"quantity": 2})
    await zaiko.ask("POST", f"{bag}/ready")
    await zaiko.until(path, state="ready_for_pickup")
    return path, bag


async def ordered(zaiko: Zaiko, sku: str, *, pickup: bool = False, member_id: str | None = None) -> str:
    """The path of an order of two, confirmed."""
    body = order(sku, 2, pickup=pickup) | ({"member_id": member_id} if member_id else {})
    placed = await zaiko.ask("POST", "/orders/v1/orders", body, headers={"prefer": "wait=10"})
    assert placed["state"] == "confirmed"
    return f"/orders/v1/orders/{placed['order_id']}"


async def bag_of(zaiko: Zaiko, path: str) -> str:
    """The path of the pickup that an order became."""
    order_id = path.rpartition("/")[2]
    found: list[Any] = []

    async def is_there() -> bool:
        found.extend((await zaiko.ask("GET", f"/pickup/v1/pickups?order_id={order_id}"))["items"])
        return bool(found)

    await eventually_async(is_there)
    return f"/pickup/v1/pickups/{found[0]['pickup_id']}"


def order(sku: str, quantity: int, *, pickup: bool = False) -> dict[str, Any]:
    destination = {"country": "JP", "postal_code": "104-0061", "latitude": 35.67, "longitude": 139.76}
    ship = {"method": "ship", "destination": destination, "policy": "fewest_splits"}
    return {
        "channel": "web",
        "currency": "JPY",
        "lines": [{"sku": sku, "quantity": quantity, "unit_price": PRICE}],
        "fulfilment": {"method": "pickup", "location_id": SHOP} if pickup else ship,
    }


async def stock(zaiko: Zaiko, sku: str, place: str, quantity: int = 10) -> None:
    await zaiko.ask("PUT", f"/inventory/v1/items/{sku}", {"name": sku})
    movement = {"id": f"{place}-{sku}", "kind": "receipt", "sku": sku, "location_id": place, "quantity": quantity}
    movement |= {"occurred_at": rfc3339(zaiko.clock() - timedelta(days=1))}
    await zaiko.ask("POST", "/inventory/v1/stock/movements", {"movements": [movement]})


async def tell(zaiko: Zaiko, *events: dict[str, Any]) -> None:
    await zaiko.ask("POST", "/inventory/v1/events", list(events), headers=BATCH)


async def tell_by_bus(zaiko: Zaiko, *events: dict[str, Any]) -> None:
    """The other door: what came by the first one already counts once."""
    read = [from_object(members, key=SHOP) for members in events]
    await zaiko.bus.publish([Message(tills.TOPIC, told.key, to_headers(told), told.data) for told in read])


def event(zaiko: Zaiko, kind: str, number: int, place: str = SHOP, **data: Any) -> dict[str, Any]:
    """A till's event of now; its number is its sequence."""
    now = rfc3339(zaiko.clock())
    return {
        "specversion": "1.0",
        "id": f"{place}-{number}",
        "source": f"/locations/{place}/tills/2",
        "type": f"zaiko.till.{kind}.v1",
        "time": now,
        "sequence": str(number),
        "sentat": now,
        "data": {"location_id": place, **data},
    }


def lines(sku: str, quantity: int) -> list[dict[str, Any]]:
    return [{"sku": sku, "quantity": quantity}]
