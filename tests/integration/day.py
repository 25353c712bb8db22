"""A day on which everything happens once that Zaiko has a word for."""

from collections.abc import Awaitable, Callable
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
TOO_MANY = 1_000


async def live_through(zaiko: Zaiko) -> None:
    """From the opening to the silence of a till; each chapter has an item of its own."""
    for number, place in enumerate((SHOP, *WAREHOUSES)):
        body = {"name": place, "kind": "store" if place == SHOP else "warehouse", "time_zone": "Asia/Tokyo"}
        body |= {"latitude": 35.0 + number, "longitude": 139.0, "ships": place != SHOP, "offers_pickup": place == SHOP}
        await zaiko.ask("PUT", f"/inventory/v1/locations/{place}", body)
    chapters: list[Callable[[Zaiko], Awaitable[None]]] = [
        the_tills,
        a_cart,
        an_order_that_is_shipped_and_comes_back,
        orders_that_end_early,
        a_bag_that_is_collected,
        a_bag_that_is_short,
        a_warehouse_sells_what_was_promised,
        the_shop_sells_what_was_to_be_collected,
        what_lapses,
    ]
    for chapter in chapters:
        await chapter(zaiko)


async def the_tills(zaiko: Zaiko) -> None:
    """Every kind of till event, a number that never comes, and three that cannot take effect."""
    await stock(zaiko, "tea", SHOP)
    sold = lines("tea", 1)
    sold[0] |= {"unit_price": PRICE}
    receipt = {"till_id": "2", "receipt_id": "R1", "member_id": "900"}
    good = [
        event(zaiko, "sale", 1, **receipt, lines=sold),
        event(zaiko, "return", 2, **receipt, lines=[{**sold[0], "condition": "damaged"}]),
        event(zaiko, "void", 3, **receipt, lines=sold),
        event(zaiko, "count", 4, till_id="2", lines=lines("tea", 12)),
        event(zaiko, "receipt", 6, till_id="2", reference="D-1", lines=lines("tea", 3)),
    ]
    await tell(
        zaiko,
        *good,
        event(zaiko, "sale", 7, **receipt, lines=[]),
        event(zaiko, "lottery", 8, **receipt, lines=sold),
        {"id": "no CloudEvent"},
    )
    await tell_by_bus(zaiko, *good)


async def a_cart(zaiko: Zaiko) -> None:
    """Reservations without an order: released, fulfilled."""
    await stock(zaiko, "rice", SHOP)
    for step in ("release", "fulfil"):
        body = {"reference": f"cart-{step}", "channel": "web", "lines": lines("rice", 1)}
        held = await zaiko.ask("POST", "/inventory/v1/reservations", body | {"sourcing": {"candidates": [SHOP]}})
        for change in ("confirm", step):
            await zaiko.ask("POST", f"/inventory/v1/reservations/{held['reservation_id']}/{change}")


async def an_order_that_is_shipped_and_comes_back(zaiko: Zaiko) -> None:
    await stock(zaiko, "salt", "W1")
    path = await ordered(zaiko, "salt", member_id="900")
    parcel = {"location_id": "W1", "lines": lines("salt", 2), "carrier": "Yamato", "tracking": "4912"}
    await zaiko.ask("POST", f"{path}/shipments", parcel)
    await zaiko.until(path, state="completed")
    back = {"location_id": SHOP, "lines": [{"sku": "salt", "quantity": 1, "condition": "damaged"}], "reason": "small"}
    await zaiko.ask("POST", f"{path}/returns", back)


async def orders_that_end_early(zaiko: Zaiko) -> None:
    await stock(zaiko, "soy", "W1")
    refused = await zaiko.answer("POST", "/orders/v1/orders", order("soy", TOO_MANY), headers={"prefer": "wait=10"})
    assert refused.status_code == 409, refused.text
    path = await ordered(zaiko, "soy")
    await zaiko.ask("POST", f"{path}/cancel", {"reason": "ordered twice"})
    await zaiko.until(path, state="cancelled")


async def a_bag_that_is_collected(zaiko: Zaiko) -> None:
    order_path, bag = await ready(zaiko, "miso")
    code = (await zaiko.ask("GET", bag))["code"]
    await zaiko.ask("POST", f"{bag}/collect", {"code": code})
    await zaiko.until(order_path, state="completed")


async def a_bag_that_is_short(zaiko: Zaiko) -> None:
    await stock(zaiko, "nori", SHOP)
    path = await ordered(zaiko, "nori", pickup=True)
    bag = await bag_of(zaiko, path)
    await zaiko.ask("POST", f"{bag}/start")
    await zaiko.ask("POST", f"{bag}/lines/nori/short", {"missing": 2, "reason": "not on the shelf"})
    await zaiko.until(path, state="cancelled")


async def a_warehouse_sells_what_was_promised(zaiko: Zaiko) -> None:
    """The order is sourced from elsewhere by itself."""
    for place in WAREHOUSES:
        await stock(zaiko, "udon", place, 2)
    path = await ordered(zaiko, "udon")
    (promised,) = (await zaiko.ask("GET", path))["allocations"]
    await tell(zaiko, event(zaiko, "count", 1, promised["location_id"], lines=lines("udon", 0)))
    other = next(place for place in WAREHOUSES if place != promised["location_id"])

    await zaiko.until(path, allocations=[{**promised, "location_id": other}])


async def the_shop_sells_what_was_to_be_collected(zaiko: Zaiko) -> None:
    """A customer collects at one shop: what is not there any more is given up, and the order ends."""
    await stock(zaiko, "soba", SHOP, 2)
    path = await ordered(zaiko, "soba", pickup=True)
    await bag_of(zaiko, path)
    await tell(zaiko, event(zaiko, "count", 9, till_id="2", lines=lines("soba", 0)))
    await zaiko.until(path, state="cancelled")


async def what_lapses(zaiko: Zaiko) -> None:
    """A hold, a bag that nobody comes for, a till that says nothing; then the till speaks, and fills its gap."""
    path, bag = await ready(zaiko, "ramen")
    held = {"reference": "cart-lapsed", "channel": "web", "lines": lines("tea", 1), "sourcing": {"candidates": [SHOP]}}
    await zaiko.ask("POST", "/inventory/v1/reservations", held)
    zaiko.clock.advance(timedelta(hours=73))
    await zaiko.until(bag, state="expired")
    await zaiko.until(path, state="cancelled")


async def speak_again(zaiko: Zaiko) -> None:
    """The till of the first chapter, with the number that was missing; to be told once its gap was reported."""
    await tell(zaiko, event(zaiko, "count", 5, till_id="2", lines=lines("tea", 12)))


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
