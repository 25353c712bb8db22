"""What is done around orders whose goods are sent to their store: stock, orders, transfers, bags."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from shared.contracts.values import rfc3339
from tests.conditions import eventually_async
from tests.integration.served import Served, served

STORE, NEAR, FAR = "S1", "W1", "W2"
"""The warehouses are one and two degrees away."""
WAIT = {"prefer": "wait=10"}
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WEEK = {day: [{"opens": "10:00", "closes": "20:00"}] for day in DAYS}
"""No two closed days follow one another: what comes a day later is ready later, whatever day it is."""


@asynccontextmanager
async def open_house(database_url: str) -> AsyncIterator[Served]:
    """A store that is open from 10 to 20 every day, and two warehouses; at the end every invariant must hold."""
    async with served(database_url) as house:
        for number, place in enumerate((STORE, NEAR, FAR)):
            body: dict[str, Any] = {"name": place, "kind": "store" if place == STORE else "warehouse"}
            body |= {"latitude": 35.0 + number, "longitude": 139.0, "time_zone": "Asia/Tokyo", "ships": place != STORE}
            await house.ask("PUT", f"/inventory/v1/locations/{place}", body | {"offers_pickup": place == STORE})
        picking = {"seconds_per_order": 60, "seconds_per_line": 30}
        await house.ask("PUT", f"/pickup/v1/stores/{STORE}", {"opening_hours": WEEK, "pickers": 1, "picking": picking})
        yield house
        await house.invariants_hold()


async def stocked(house: Served, sku: str, **units: int) -> None:
    await house.ask("PUT", f"/inventory/v1/items/{sku}", {"name": sku})
    movements = [
        {"id": f"{sku}-{place}", "kind": "receipt", "sku": sku, "location_id": place, "quantity": quantity}
        | {"occurred_at": rfc3339(house.clock() - timedelta(days=1))}
        for place, quantity in units.items()
    ]
    await house.ask("POST", "/inventory/v1/stock/movements", {"movements": movements})


def draft(**quantities: int) -> dict[str, Any]:
    price = {"amount": 1290, "currency": "JPY"}
    return {
        "channel": "web",
        "currency": "JPY",
        "lines": [{"sku": sku, "quantity": units, "unit_price": price} for sku, units in quantities.items()],
        "fulfilment": {"method": "pickup", "location_id": STORE, "ship_to_store": True},
    }


async def ordered(house: Served, **quantities: int) -> str:
    """The path of a confirmed order."""
    order = await house.ask("POST", "/orders/v1/orders", draft(**quantities), headers=WAIT)
    assert order["state"] == "confirmed"
    return f"/orders/v1/orders/{order['order_id']}"


async def becomes(house: Served, path: str, **members: Any) -> dict[str, Any]:
    """The answer of a GET, once it has these members."""
    found: dict[str, Any] = {}

    async def has_them() -> bool:
        found.update(await house.ask("GET", path))
        return members.items() <= found.items()

    has_them.__qualname__ = f"{path} has {members}"
    await eventually_async(has_them)
    return found


async def bag_of(house: Served, order: str) -> str:
    """The path of the one bag of an order."""
    found: list[dict[str, Any]] = []
    order_id = order.rpartition("/")[2]

    async def is_there() -> bool:
        found[:] = (await house.ask("GET", f"/pickup/v1/pickups?order_id={order_id}"))["items"]
        return bool(found)

    await eventually_async(is_there)
    (bag,) = found
    assert bag["location_id"] == STORE
    return f"/pickup/v1/pickups/{bag['pickup_id']}"


async def transfers(house: Served, place: str, state: str) -> list[dict[str, Any]]:
    path = f"/pickup/v1/transfers?location_id={place}&state={state}"
    items: list[dict[str, Any]] = (await house.ask("GET", path, role="store-staff", location_id=place))["items"]
    return items


async def one_transfer(house: Served, place: str, state: str = "requested") -> str:
    """The path of the one transfer of a place in this state, once there is one."""
    found: list[dict[str, Any]] = []

    async def is_there() -> bool:
        found[:] = await transfers(house, place, state)
        return bool(found)

    is_there.__qualname__ = f"a transfer of {place} is {state}"
    await eventually_async(is_there)
    (transfer,) = found
    return f"/pickup/v1/transfers/{transfer['transfer_id']}"


async def send(house: Served, transfer: str, place: str) -> None:
    answer = await house.ask("POST", f"{transfer}/send", role="store-staff", location_id=place)
    assert answer["state"] == "sent"


async def receive(house: Served, transfer: str) -> None:
    answer = await house.ask("POST", f"{transfer}/receive", role="store-staff", location_id=STORE)
    assert answer["state"] == "received"


async def levels_are(house: Served, sku: str, **wanted: tuple[int, int, int]) -> None:
    """Wait until (on_hand, reserved, in_transit) of an item is this at each place."""

    async def they_are() -> bool:
        rows = (await house.ask("GET", f"/inventory/v1/stock/{sku}"))["locations"]
        found = {row["location_id"]: (row["on_hand"], row["reserved"], row["in_transit"]) for row in rows}
        return wanted.items() <= found.items()

    they_are.__qualname__ = f"{sku} is {wanted}"
    await eventually_async(they_are)


async def promised(house: Served, order: str) -> dict[str, int]:
    """Open units of an order by place."""
    shares = (await house.ask("GET", order))["allocations"]
    open_units: dict[str, int] = {}
    for share in shares:
        left = share["quantity"] - share["cancelled"] - share["handed_over"]
        if left:
            open_units[share["location_id"]] = open_units.get(share["location_id"], 0) + left
    return open_units


async def is_promised(house: Served, order: str, **units: int) -> None:
    async def it_is() -> bool:
        return await promised(house, order) == units

    it_is.__qualname__ = f"{order} is promised {units}"
    await eventually_async(it_is)


async def collected(house: Served, bag: str, **picked: int) -> None:
    for sku, units in picked.items():
        await house.ask("POST", f"{bag}/lines/{sku}/pick", {"quantity": units})
    await house.ask("POST", f"{bag}/ready")
    code = (await house.ask("GET", bag))["code"]
    await house.ask("POST", f"{bag}/collect", {"code": code})


def sourcing_draft(**quantities: int) -> dict[str, Any]:
    """The same for a preview: without prices."""
    lines = [{"sku": sku, "quantity": units} for sku, units in quantities.items()]
    return {"channel": "web", "lines": lines, "fulfilment": draft(**quantities)["fulfilment"]}
