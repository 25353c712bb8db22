"""An order whose units were sold on the shop floor gets them from elsewhere, decided under the lock."""

import json
from datetime import UTC, datetime
from typing import Any

from shared.contracts import orders, reservations
from shared.contracts.event import Event
from shared.contracts.values import Allocation, Money, SkuQuantity
from tests.conditions import eventually_async
from tests.integration.inventory.conftest import Inventory, till_event
from tests.integration.inventory.test_orders import answered

NOW = datetime(2017, 11, 20, 9, tzinfo=UTC)


def placed(order_id: str, quantity: int, *candidates: str) -> Event:
    destination = orders.Destination(country="US")
    data = orders.OrderPlaced(
        order_id=order_id,
        channel="web",
        lines=[orders.OrderLine(sku="A", quantity=quantity, unit_price=Money(amount=100, currency="USD"))],
        fulfilment=orders.ShipFulfilment(method="ship", destination=destination),
        sourcing=reservations.Sourcing(policy="in_order", candidates=list(candidates)),
    )
    return orders.PLACED.event(data, event_id=f"placed-{order_id}", source="/orders", time=NOW)


def wanted(
    order_id: str,
    reservation_id: str,
    quantity: int,
    *candidates: str,
    policy: reservations.Policy = "fewest_splits",
    event_id: str = "w1",
) -> Event:
    """An order wants units of A from elsewhere than S1."""
    data = orders.OrderReallocationRequested(
        order_id=order_id,
        reservation_id=reservation_id,
        sku="A",
        location_id="S1",
        quantity=quantity,
        sourcing=reservations.Sourcing(policy=policy, candidates=list(candidates)) if candidates else None,
    )
    event_id = f"{event_id}-{order_id}"
    return orders.REALLOCATION_REQUESTED.event(data, event_id=event_id, source="/orders", time=NOW)


def cancelled(order_id: str, reservation_id: str, place: str, quantity: int) -> Event:
    data = orders.OrderCancelled(
        order_id=order_id,
        channel="web",
        reservation_id=reservation_id,
        lines=[SkuQuantity(sku="A", quantity=quantity)],
        allocations=[Allocation(sku="A", location_id=place, quantity=quantity)],
        complete=False,
        reason="oversold",
    )
    return orders.CANCELLED.event(data, event_id=f"cancelled-{order_id}", source="/orders", time=NOW)


async def promised(inventory: Inventory, order_id: str, quantity: int, *candidates: str) -> str:
    """The id of the order's reservation, once it is held."""
    await inventory.publish(placed(order_id, quantity, *candidates))
    found: list[str] = []

    async def is_held() -> bool:
        answers = await answered(inventory, 1)
        found.extend(data["reservation_id"] for _, data in answers if data["reference"] == order_id)
        return bool(found)

    await eventually_async(is_held)
    return found[0]


async def sell(inventory: Inventory, quantity: int, receipt: str = "r1") -> None:
    answer = await inventory.send(till_event("sale", receipt, "2017-11-20T09:30:00Z", ("A", quantity)))
    assert answer.json()["accepted"] == 1


async def told(inventory: Inventory, count: int) -> list[dict[str, Any]]:
    """What became of the units that orders wanted from elsewhere, once so many answers are there."""
    found: list[dict[str, Any]] = []

    async def so_many() -> bool:
        found[:] = [data for kind, data in await answered(inventory, 1) if kind == "reallocated"]
        return len(found) >= count

    await eventually_async(so_many)
    assert len(found) == count
    return found


async def lines(inventory: Inventory, reservation_id: str) -> list[tuple[str, int, int]]:
    """The reservation's lines: place, quantity, open."""
    shown = (await inventory.operator.get(f"/v1/reservations/{reservation_id}")).json()
    return [(line["location_id"], line["quantity"], line["open"]) for line in shown["lines"]]


async def test_a_unit_that_a_till_sold_is_promised_from_the_next_place(inventory: Inventory) -> None:
    await inventory.stock("A", S1=2, S2=1, S3=5)
    reservation_id = await promised(inventory, "o1", 2, "S1")
    await sell(inventory, 1)
    event = wanted("o1", reservation_id, 1, "S1", "S2", "S3")
    await inventory.publish(event, event)
    await inventory.publish(event)
    (answer,) = await told(inventory, 1)
    assert answer["moved"] == [{"sku": "A", "from_location_id": "S1", "to_location_id": "S2", "quantity": 1}]
    assert (answer["short"], answer["kept"], answer["reference"]) == (0, 0, "o1")
    assert [(share["location_id"], share["quantity"]) for share in answer["allocations"]] == [("S1", 1), ("S2", 1)]
    assert await lines(inventory, reservation_id) == [("S1", 1, 1), ("S2", 1, 1)]
    assert [(await inventory.level("A", place))["reserved"] for place in ("S1", "S2", "S3")] == [1, 1, 0]


async def test_no_more_is_promised_elsewhere_than_is_available_there(inventory: Inventory) -> None:
    await inventory.stock("A", S1=3, S2=2)
    (
        await inventory.operator.put("/v1/stock/A/safety-stock", json={"location_id": "S2", "quantity": 1})
    ).raise_for_status()
    reservation_id = await promised(inventory, "o1", 3, "S1")
    await sell(inventory, 3)
    await inventory.publish(wanted("o1", reservation_id, 3, "S2"))
    (answer,) = await told(inventory, 1)
    assert [units["quantity"] for units in answer["moved"]] == [1]
    assert (answer["short"], answer["kept"]) == (2, 0)
    level = await inventory.level("A", "S2")
    assert (level["reserved"], level["available"]) == (1, 0)


async def test_units_of_a_single_location_order_go_to_one_place(inventory: Inventory) -> None:
    await inventory.stock("A", S1=3, S2=1, S3=2)
    reservation_id = await promised(inventory, "o1", 3, "S1")
    await sell(inventory, 3)
    await inventory.publish(wanted("o1", reservation_id, 3, "S2", "S3", policy="single_location"))
    (answer,) = await told(inventory, 1)
    assert [(units["to_location_id"], units["quantity"]) for units in answer["moved"]] == [("S3", 2)]
    assert answer["short"] == 1


async def test_a_shelf_that_has_recovered_keeps_its_promise(inventory: Inventory) -> None:
    await inventory.stock("A", S1=1, S2=1)
    reservation_id = await promised(inventory, "o1", 1, "S1")
    await sell(inventory, 1)
    await inventory.move("receipt", "A", "S1", 1, "2017-11-20T09:45:00Z")
    await inventory.publish(wanted("o1", reservation_id, 1, "S2"))
    (answer,) = await told(inventory, 1)
    assert (answer["moved"], answer["short"], answer["kept"]) == ([], 0, 1)
    assert await lines(inventory, reservation_id) == [("S1", 1, 1)]


async def test_one_missing_unit_is_short_for_one_order_alone(inventory: Inventory) -> None:
    await inventory.stock("A", S1=2)
    first = await promised(inventory, "o1", 1, "S1")
    second = await promised(inventory, "o2", 1, "S1")
    await sell(inventory, 1)
    await inventory.publish(wanted("o2", second, 1))
    assert [answer["short"] for answer in await told(inventory, 1)] == [1]
    await inventory.publish(wanted("o1", first, 1), wanted("o2", second, 1, event_id="w2"))
    assert _short_and_kept(await told(inventory, 3), "o2") == [(1, 0), (0, 1)]
    assert _short_and_kept(await told(inventory, 3), "o1") == [(0, 1)]
    await inventory.publish(cancelled("o2", second, "S1", 1))
    await sell(inventory, 1, "r2")

    async def is_given_back() -> bool:
        return bool((await inventory.level("A"))["reserved"] == 1)

    await eventually_async(is_given_back)
    await inventory.publish(wanted("o1", first, 1, event_id="w3"))
    assert _short_and_kept(await told(inventory, 4), "o1") == [(0, 1), (1, 0)]


def _short_and_kept(answers: list[dict[str, Any]], order_id: str) -> list[tuple[int, int]]:
    return [(answer["short"], answer["kept"]) for answer in answers if answer["reference"] == order_id]


async def test_a_unit_may_come_back_to_the_place_it_was_moved_from(inventory: Inventory) -> None:
    await inventory.stock("A", S1=1, S2=1)
    reservation_id = await promised(inventory, "o1", 2, "S1", "S2")
    await sell(inventory, 1)
    await inventory.move("receipt", "A", "S2", 1, "2017-11-20T09:45:00Z")
    await inventory.publish(wanted("o1", reservation_id, 1, "S2"))
    await told(inventory, 1)
    assert await lines(inventory, reservation_id) == [("S2", 2, 2)]
    await inventory.move("receipt", "A", "S1", 1, "2017-11-20T10:00:00Z")
    await inventory.move("adjustment", "A", "S2", -1, "2017-11-20T10:05:00Z")
    back = orders.OrderReallocationRequested(
        order_id="o1",
        reservation_id=reservation_id,
        sku="A",
        location_id="S2",
        quantity=1,
        sourcing=reservations.Sourcing(candidates=["S1"]),
    )
    event = orders.REALLOCATION_REQUESTED.event(back, event_id="back", source="/orders", time=NOW)
    await inventory.publish(event)
    await told(inventory, 2)
    assert await lines(inventory, reservation_id) == [("S1", 1, 1), ("S2", 1, 1)]


async def test_an_order_whose_cart_has_lost_its_unit_is_promised_what_is_there(inventory: Inventory) -> None:
    await inventory.stock("A", S1=1, S2=1)
    at_first = {"policy": "in_order", "candidates": ["S1"]}
    cart = (await inventory.reserve("A", 1, sourcing=at_first)).json()["reservation_id"]
    await sell(inventory, 1)
    data = orders.OrderPlaced.model_validate({**json.loads(placed("o1", 1, "S1", "S2").data), "reservation_id": cart})
    await inventory.publish(orders.PLACED.event(data, event_id="placed-o1", source="/orders", time=NOW))
    found = await answered(inventory, 3)
    assert [data["reservation_id"] for kind, data in found if kind == "released"] == [cart]
    (held,) = [data for kind, data in found if kind == "held" and data["reference"] == "o1"]
    assert held["allocations"] == [{"sku": "A", "location_id": "S2", "quantity": 1}]


async def test_units_given_back_return_to_the_place_that_the_order_names(inventory: Inventory) -> None:
    await inventory.stock("A", S1=1, S2=1)
    reservation_id = await promised(inventory, "o1", 2, "S1", "S2")
    await inventory.publish(cancelled("o1", reservation_id, "S2", 1))

    async def is_back() -> bool:
        return await lines(inventory, reservation_id) == [("S1", 1, 1), ("S2", 1, 0)]

    await eventually_async(is_back)


async def test_a_promise_that_is_gone_is_not_moved(inventory: Inventory) -> None:
    await inventory.stock("A", S1=1, S2=1)
    reservation_id = await promised(inventory, "o1", 1, "S1")
    await sell(inventory, 1)
    (await inventory.operator.post(f"/v1/reservations/{reservation_id}/release")).raise_for_status()
    await inventory.publish(wanted("o1", reservation_id, 1, "S2"))
    (answer,) = await told(inventory, 1)
    assert (answer["state"], answer["moved"], answer["kept"]) == ("released", [], 1)
