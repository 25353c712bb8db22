"""What orders and pickups decide reaches stock over the bus, each decision once."""

import json
from datetime import UTC, datetime
from typing import Any

from shared.contracts import orders, pickups, reservations
from shared.contracts.event import Event
from shared.contracts.values import Money, SkuQuantity
from tests.conditions import eventually_async
from tests.integration.inventory.conftest import Inventory

NOW = datetime(2017, 11, 20, 9, tzinfo=UTC)


def placed(order_id: str, quantity: int, **more: Any) -> Event:
    data = orders.OrderPlaced(
        order_id=order_id,
        channel="web",
        lines=[orders.OrderLine(sku="A", quantity=quantity, unit_price=Money(amount=100, currency="USD"))],
        fulfilment=orders.PickupFulfilment(method="pickup", location_id="S1"),
        sourcing=reservations.Sourcing(policy="single_location", candidates=["S1"]),
        **more,
    )
    return orders.PLACED.event(data, event_id=f"placed-{order_id}", source="/orders", time=NOW)


def cancelled(order_id: str, reservation_id: str | None, quantity: int, complete: bool, event_id: str) -> Event:
    data = orders.OrderCancelled(
        order_id=order_id,
        channel="web",
        reservation_id=reservation_id,
        lines=[SkuQuantity(sku="A", quantity=quantity)],
        complete=complete,
        reason="changed my mind",
    )
    return orders.CANCELLED.event(data, event_id=event_id, source="/orders", time=NOW)


def collected(order_id: str, reservation_id: str, quantity: int) -> Event:
    data = pickups.PickupChanged(
        pickup_id="p",
        order_id=order_id,
        reservation_id=reservation_id,
        location_id="S1",
        lines=[SkuQuantity(sku="A", quantity=quantity)],
    )
    return pickups.COLLECTED.event(data, event_id=f"collected-{order_id}", source="/pickup", time=NOW)


async def answers(inventory: Inventory) -> list[tuple[str, dict[str, Any]]]:
    """The reservation events so far: type and data."""
    end = await inventory.bus.end_offsets(reservations.TOPIC)
    found = []
    async for record in inventory.bus.read(reservations.TOPIC, {}, end):
        kind = record.message.headers["ce_type"].removeprefix("zaiko.reservation.").removesuffix(".v1")
        found.append((kind, json.loads(record.message.value)))
    return found


async def answered(inventory: Inventory, count: int) -> list[tuple[str, dict[str, Any]]]:
    async def so_many() -> bool:
        return len(await answers(inventory)) >= count

    await eventually_async(so_many)
    return await answers(inventory)


async def test_an_order_gets_its_promise_once_however_often_it_is_told(inventory: Inventory) -> None:
    await inventory.stock("A", S1=3)
    await inventory.publish(placed("o1", 2), placed("o1", 2))
    await inventory.publish(placed("o1", 2), placed("o2", 2), placed("o2", 2))
    found = await answered(inventory, 2)
    assert [(kind, data["reference"]) for kind, data in found] == [("held", "o1"), ("rejected", "o2")]
    assert found[1][1]["shortages"] == [{"sku": "A", "requested": 2, "available": 1}]
    assert (await inventory.level("A"))["reserved"] == 2


async def test_a_refusal_stands_even_if_stock_comes_and_the_question_is_repeated(inventory: Inventory) -> None:
    await inventory.stock("A", S1=1)
    await inventory.publish(placed("o1", 2))
    await answered(inventory, 1)
    await inventory.move("receipt", "A", "S1", 5, "2017-11-20T00:00:00Z")
    await inventory.publish(placed("o1", 2), placed("o2", 1))
    found = await answered(inventory, 2)
    assert [(kind, data["reference"]) for kind, data in found] == [("rejected", "o1"), ("held", "o2")]


async def test_an_order_takes_over_the_hold_of_its_cart(inventory: Inventory) -> None:
    await inventory.stock("A", S1=2)
    cart = (await inventory.reserve("A", 2)).json()
    await inventory.publish(placed("o1", 2, reservation_id=cart["reservation_id"]))
    (data,) = [data for kind, data in await answered(inventory, 2) if kind == "held" and data["reference"] == "o1"]
    assert data["reservation_id"] == cart["reservation_id"]
    assert "expires_at" not in data
    assert (await inventory.level("A"))["reserved"] == 2


async def test_a_cart_that_does_not_fit_gives_its_units_back_to_its_order(inventory: Inventory) -> None:
    await inventory.stock("A", S1=2)
    cart = (await inventory.reserve("A", 1)).json()
    await inventory.publish(placed("o1", 2, reservation_id=cart["reservation_id"]))
    found = await answered(inventory, 3)
    assert [kind for kind, _ in found if kind != "held"] == ["released"]
    assert (await inventory.level("A"))["reserved"] == 2


async def test_a_partial_cancellation_told_twice_gives_units_back_once(inventory: Inventory) -> None:
    await inventory.stock("A", S1=5)
    await inventory.publish(placed("o1", 3))
    reservation_id = (await answered(inventory, 1))[0][1]["reservation_id"]
    part = cancelled("o1", reservation_id, 1, False, "c1")
    await inventory.publish(part, part)
    await inventory.publish(part, cancelled("o1", None, 1, False, "c2"))

    async def two_units_are_back() -> bool:
        return bool((await inventory.level("A"))["reserved"] == 1)

    await eventually_async(two_units_are_back)
    found = await inventory.operator.get(f"/v1/reservations/{reservation_id}")
    assert found.json()["lines"][0]["released"] == 2


async def test_a_bag_that_was_handed_over_leaves_the_shelf_even_if_its_promise_is_gone(inventory: Inventory) -> None:
    await inventory.stock("A", S1=5)
    await inventory.publish(placed("o1", 2), placed("o2", 1))
    ids = {data["reference"]: data["reservation_id"] for _, data in await answered(inventory, 2)}
    await inventory.publish(cancelled("o1", ids["o1"], 2, True, "c1"))
    await answered(inventory, 3)
    handed_over = collected("o1", ids["o1"], 2)
    await inventory.publish(handed_over, handed_over, collected("o2", ids["o2"], 1))

    async def three_units_left() -> bool:
        level = await inventory.level("A")
        return (level["on_hand"], level["reserved"]) == (2, 0)

    await eventually_async(three_units_left)
    state = (await inventory.operator.get(f"/v1/reservations/{ids['o2']}")).json()["state"]
    assert state == "fulfilled"


async def test_units_that_come_back_are_sellable_at_once_where_they_were_brought(inventory: Inventory) -> None:
    await inventory.stock("A", S1=1, S2=1)
    lines = [
        orders.ReturnedLine(sku="A", quantity=2),
        orders.ReturnedLine(sku="A", quantity=1, condition="damaged"),
    ]
    data = orders.OrderReturned(order_id="o1", return_id="r1", location_id="S2", lines=lines)
    event = orders.RETURNED.event(data, event_id="r1", source="/orders", time=NOW)
    await inventory.publish(event, event)

    async def are_back() -> bool:
        level = await inventory.level("A", "S2")
        return (level["available"], level["damaged"]) == (3, 1)

    await eventually_async(are_back)
