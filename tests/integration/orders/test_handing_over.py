"""Parcels, bags and returns: units that leave and come back."""

import pytest

from shared.contracts import orders as contract
from shared.contracts import pickups
from tests.integration.orders.service import (
    OrdersService,
    bag,
    line,
    pickup_body,
    reservation_of,
    ship_body,
    short,
)


async def shipped(
    orders: OrdersService, order_id: str, at: str, *lines: tuple[str, int], role: str = "operator"
) -> int:
    client = orders.operator if role == "operator" else orders.client("store-staff", role)
    body = {
        "location_id": at,
        "lines": [{"sku": sku, "quantity": units} for sku, units in lines],
        "carrier": "Yamato",
        "tracking": "4912",
    }
    return (await client.post(f"/v1/orders/{order_id}/shipments", json=body)).status_code


async def test_an_order_ships_in_parcels_and_completes_with_the_last(orders: OrdersService) -> None:
    order_id = await orders.confirmed(ship_body(line("A", 3)), ("A", "S1", 1), ("A", "W1", 2))
    assert await shipped(orders, order_id, "W1", ("A", 1)) == 201
    assert (await orders.get(order_id))["state"] == "partially_shipped"
    assert await shipped(orders, order_id, "S1", ("A", 1), role="S1") == 201
    assert await shipped(orders, order_id, "W1", ("A", 1)) == 201
    order = await orders.get(order_id)
    assert [step["state"] for step in order["timeline"]] == [
        "pending",
        "confirmed",
        "partially_shipped",
        "partially_shipped",
        "shipped",
        "completed",
    ]
    assert order["lines"][0]["shipped"] == 3
    assert [(parcel["location_id"], parcel["tracking"]) for parcel in order["shipments"]] == [
        ("W1", "4912"),
        ("S1", "4912"),
        ("W1", "4912"),
    ]
    assert await orders.types_of(order_id) == ["placed", "confirmed", "shipped", "shipped", "shipped", "completed"]
    told = await orders.announced(contract.SHIPPED, order_id)
    assert [parcel.location_id for parcel in told] == ["W1", "S1", "W1"]
    assert {parcel.reservation_id for parcel in told} == {reservation_of(order_id)}


async def test_no_more_is_shipped_than_is_promised_there(orders: OrdersService) -> None:
    order_id = await orders.confirmed(ship_body(line("A", 3)), ("A", "S1", 1), ("A", "W1", 2))
    assert await shipped(orders, order_id, "S1", ("A", 2)) == 409
    assert await shipped(orders, order_id, "S2", ("A", 1)) == 409
    assert await shipped(orders, order_id, "W1", ("B", 1)) == 422
    assert await shipped(orders, order_id, "S1", ("A", 1), role="S2") == 403
    assert (await orders.get(order_id))["shipments"] == []


async def test_neither_pending_nor_pickup_orders_ship(orders: OrdersService) -> None:
    pending = await orders.placed(ship_body())
    collected = await orders.confirmed(pickup_body(), ("A", "S1", 1))
    assert await shipped(orders, pending, "W1", ("A", 1)) == 409
    assert await shipped(orders, collected, "S1", ("A", 1)) == 409


async def test_cancelling_the_rest_of_a_partly_shipped_order_completes_it(orders: OrdersService) -> None:
    order_id = await orders.confirmed(ship_body(line("A", 3)), ("A", "S1", 1), ("A", "W1", 2))
    await shipped(orders, order_id, "W1", ("A", 2))
    answer = await orders.storefront.post(f"/v1/orders/{order_id}/cancel", json={"reason": "took too long"})
    assert (answer.status_code, answer.json()["state"]) == (200, "completed")
    assert await orders.types_of(order_id) == ["placed", "confirmed", "shipped", "cancelled", "completed"]
    again = await orders.storefront.post(f"/v1/orders/{order_id}/cancel", json={"reason": "again"})
    assert (again.status_code, again.json()["code"]) == (409, "illegal_transition")


async def test_cancelling_gives_back_what_was_promised(orders: OrdersService) -> None:
    order_id = await orders.confirmed(ship_body(line("A", 2), line("B")), ("A", "W1", 2), ("B", "W1", 1))
    url = f"/v1/orders/{order_id}/cancel"
    part = {"lines": [{"sku": "A", "quantity": 1}], "reason": "one too many"}
    answer = (await orders.storefront.post(url, json=part)).json()
    assert (answer["state"], answer["lines"][0]["cancelled"]) == ("confirmed", 1)
    too_much = {"lines": [{"sku": "A", "quantity": 2}], "reason": "more"}
    assert (await orders.storefront.post(url, json=too_much)).status_code == 409
    answer = (await orders.storefront.post(url, json={"reason": "all of it"})).json()
    assert answer["state"] == "cancelled"
    assert answer["timeline"][-1] | {"at": ""} == {
        "state": "cancelled",
        "at": "",
        "cause": "cancel",
        "reason": "all of it",
    }
    first, second = await orders.announced(contract.CANCELLED, order_id)
    assert ([(given.sku, given.quantity) for given in first.lines], first.complete) == ([("A", 1)], False)
    assert ([(given.sku, given.quantity) for given in second.lines], second.complete) == ([("A", 1), ("B", 1)], True)
    assert (await orders.storefront.post(url, json={"reason": "twice"})).json()["code"] == "illegal_transition"


async def test_a_bag_is_picked_ready_and_collected(orders: OrdersService) -> None:
    order_id = await orders.confirmed(pickup_body(line("A", 2)), ("A", "S1", 2))
    events = [
        bag(pickups.REQUESTED, order_id, ("A", 2)),
        bag(pickups.PICKING, order_id, ("A", 2)),
        bag(pickups.READY, order_id, ("A", 2)),
        bag(pickups.COLLECTED, order_id, ("A", 2)),
    ]
    await orders.applied(*events)
    collected = await orders.get(order_id)
    assert [step["state"] for step in collected["timeline"]] == [
        "pending",
        "confirmed",
        "confirmed",
        "ready_for_pickup",
        "collected",
        "completed",
    ]
    assert collected["lines"][0]["collected"] == 2
    await orders.applied(*events, *reversed(events), bag(pickups.EXPIRED, order_id, ("A", 2)))
    assert await orders.get(order_id) == collected
    assert await orders.types_of(order_id) == ["placed", "confirmed", "completed"]


@pytest.mark.parametrize("kind", [pickups.EXPIRED, pickups.CANCELLED])
async def test_a_bag_that_lapses_cancels_its_order_and_gives_the_units_back(
    orders: OrdersService, kind: pickups.EventType[pickups.PickupChanged]
) -> None:
    order_id = await orders.confirmed(pickup_body(line("A", 2)), ("A", "S1", 2))
    ready, lapsed = bag(pickups.READY, order_id, ("A", 2)), bag(kind, order_id, ("A", 2), reason="not fetched")
    await orders.applied(ready, lapsed, ready, lapsed)
    order = await orders.get(order_id)
    assert [step["state"] for step in order["timeline"]] == ["pending", "confirmed", "ready_for_pickup", "cancelled"]
    assert order["timeline"][-1]["reason"] == "not fetched"
    [cancelled] = await orders.announced(contract.CANCELLED, order_id)
    assert (cancelled.complete, cancelled.reason) == (True, "not fetched")


async def test_units_that_are_short_are_taken_off_once(orders: OrdersService) -> None:
    order_id = await orders.confirmed(pickup_body(line("A", 3)), ("A", "S1", 3))
    missing = short(order_id, "A", 1)
    picking, ready = bag(pickups.PICKING, order_id, ("A", 3)), bag(pickups.READY, order_id, ("A", 2))
    await orders.applied(picking, missing, picking, missing, ready, missing)
    await orders.applied(missing)
    order = await orders.get(order_id)
    assert (order["state"], order["lines"][0]["cancelled"]) == ("ready_for_pickup", 1)
    [cancelled] = await orders.announced(contract.CANCELLED, order_id)
    assert ([(given.sku, given.quantity) for given in cancelled.lines], cancelled.complete) == ([("A", 1)], False)
    await orders.applied(bag(pickups.COLLECTED, order_id, ("A", 2)))
    order = await orders.get(order_id)
    assert (order["state"], order["lines"][0]["collected"]) == ("completed", 2)


async def test_a_bag_handed_out_while_its_order_was_cancelled_counts_as_collected(orders: OrdersService) -> None:
    order_id = await orders.confirmed(pickup_body(line("A", 2)), ("A", "S1", 2))
    await orders.storefront.post(f"/v1/orders/{order_id}/cancel", json={"reason": "changed my mind"})
    collected = bag(pickups.COLLECTED, order_id, ("A", 2))
    await orders.applied(collected, collected)
    order = await orders.get(order_id)
    assert [step["state"] for step in order["timeline"]] == [
        "pending",
        "confirmed",
        "cancelled",
        "collected",
        "completed",
    ]
    assert (order["lines"][0]["collected"], order["lines"][0]["cancelled"]) == (2, 0)


async def test_the_counter_does_not_move_an_order_that_ships(orders: OrdersService) -> None:
    order_id = await orders.confirmed(ship_body(), ("A", "W1", 1))
    await orders.applied(bag(pickups.COLLECTED, order_id, ("A", 1)), short(order_id, "A", 1))
    assert await orders.states(order_id) == ["pending", "confirmed"]


async def test_any_store_takes_back_what_was_handed_over_and_no_more(orders: OrdersService) -> None:
    order_id = await orders.confirmed(ship_body(line("A", 3)), ("A", "W1", 3))
    await shipped(orders, order_id, "W1", ("A", 2))
    url = f"/v1/orders/{order_id}/returns"
    lines = [
        {"sku": "A", "quantity": 1, "condition": "sellable"},
        {"sku": "A", "quantity": 1, "condition": "damaged"},
    ]
    staff = orders.client("store-staff", "S2")
    assert (await staff.post(url, json={"location_id": "S1", "lines": lines})).status_code == 403
    answer = await staff.post(url, json={"location_id": "S2", "lines": lines, "reason": "too small"})
    assert answer.status_code == 201, answer.text
    order = answer.json()
    assert order["lines"][0]["returned"] == 2
    assert order["state"] == "partially_shipped"
    assert order["returns"][0]["lines"] == lines
    assert order["timeline"][-1]["reason"] == "at S2: too small"
    more = await staff.post(url, json={"location_id": "S2", "lines": lines[:1]})
    assert (more.status_code, more.json()["code"]) == (409, "illegal_transition")
    [returned] = await orders.announced(contract.RETURNED, order_id)
    assert returned.location_id == "S2"
    assert [(units.sku, units.quantity, units.condition) for units in returned.lines] == [
        ("A", 1, "sellable"),
        ("A", 1, "damaged"),
    ]
