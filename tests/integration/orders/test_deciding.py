"""Inventory's answers: once each, whatever is delivered how often, and in whatever order."""

import pytest

from shared.contracts import orders as contract
from shared.contracts.event import Event
from tests.integration.orders.service import (
    OrdersService,
    held,
    line,
    oversold,
    pickup_body,
    rejected,
    released,
    reservation_of,
    ship_body,
)


async def test_delivering_the_decision_again_changes_nothing(orders: OrdersService) -> None:
    order_id = await orders.placed(ship_body())
    promise = held(order_id, ("A", "W1", 1))
    await orders.applied(promise, promise)
    confirmed = await orders.get(order_id)
    await orders.applied(promise, rejected(order_id), held(order_id, ("A", "S1", 1), reservation_id="another"))
    assert await orders.get(order_id) == confirmed
    assert await orders.types_of(order_id) == ["placed", "confirmed"]


async def test_many_decisions_in_one_batch_each_take_effect(orders: OrdersService) -> None:
    ids = [await orders.placed(ship_body()) for _ in range(30)]
    events: list[Event] = []
    for place, order_id in enumerate(ids):
        events.append(held(order_id, ("A", "W1", 1)) if place % 2 else rejected(order_id))
    await orders.applied(*events, *events)
    states = [(await orders.get(order_id))["state"] for order_id in ids]
    assert states == ["rejected", "confirmed"] * 15


async def test_reservations_of_others_are_passed_over(orders: OrdersService) -> None:
    order_id = await orders.placed(ship_body())
    stranger = "01890a5d-a8f0-7b1c-8d5e-2f9c11aa7c42"
    await orders.applied(held("cart-7", ("A", "W1", 1)), held(stranger, ("A", "W1", 1)), rejected("cart-8"))
    assert (await orders.get(order_id))["state"] == "pending"


async def test_a_promise_for_a_cancelled_order_is_given_back(orders: OrdersService) -> None:
    order_id = await orders.placed(ship_body())
    await orders.storefront.post(f"/v1/orders/{order_id}/cancel", json={"reason": "changed my mind"})
    promise = held(order_id, ("A", "W1", 1))
    await orders.applied(promise, promise)
    assert (await orders.get(order_id))["state"] == "cancelled"
    before, after = await orders.announced(contract.CANCELLED, order_id)
    assert (before.reservation_id, after.reservation_id) == (None, reservation_of(order_id))
    assert before.complete
    assert after.complete
    assert [(given.sku, given.quantity) for given in after.lines] == [("A", 1)]
    assert await orders.types_of(order_id) == ["placed", "cancelled", "cancelled"]


async def test_a_refusal_of_a_cancelled_order_changes_nothing(orders: OrdersService) -> None:
    order_id = await orders.placed(ship_body())
    await orders.storefront.post(f"/v1/orders/{order_id}/cancel", json={"reason": "changed my mind"})
    await orders.applied(rejected(order_id))
    assert await orders.states(order_id) == ["pending", "cancelled"]
    assert await orders.types_of(order_id) == ["placed", "cancelled"]


async def test_a_part_cancelled_before_the_promise_is_given_back_once(orders: OrdersService) -> None:
    order_id = await orders.placed(ship_body(line("A", 3)))
    body = {"lines": [{"sku": "A", "quantity": 1}], "reason": "one too many"}
    answer = await orders.storefront.post(f"/v1/orders/{order_id}/cancel", json=body)
    assert answer.json()["state"] == "pending"
    promise = held(order_id, ("A", "S1", 1), ("A", "W1", 2))
    await orders.applied(promise, promise)
    order = await orders.get(order_id)
    assert order["state"] == "confirmed"
    assert [share["cancelled"] for share in order["allocations"]] == [1, 0]
    assert await orders.types_of(order_id) == ["placed", "confirmed", "cancelled"]
    [confirmed] = await orders.announced(contract.CONFIRMED, order_id)
    assert sum(share.quantity for share in confirmed.allocations) == 3
    [cancelled] = await orders.announced(contract.CANCELLED, order_id)
    assert [(given.sku, given.quantity) for given in cancelled.lines] == [("A", 1)]
    assert cancelled.reservation_id == reservation_of(order_id)
    assert not cancelled.complete


@pytest.mark.parametrize("state", ["released", "expired"])
async def test_an_order_whose_whole_promise_is_gone_is_cancelled(orders: OrdersService, state: str) -> None:
    order_id = await orders.confirmed(pickup_body(), ("A", "S1", 1))
    gone = released(order_id, ("A", "S1", 1), state=state)
    await orders.applied(gone, gone)
    order = await orders.get(order_id)
    assert [step["state"] for step in order["timeline"]] == ["pending", "confirmed", "cancelled"]
    assert order["timeline"][-1]["cause"] == f"zaiko.reservation.{state}.v1"
    assert await orders.types_of(order_id) == ["placed", "confirmed", "cancelled"]


async def test_a_part_that_was_given_back_leaves_the_rest_confirmed(orders: OrdersService) -> None:
    order_id = await orders.confirmed(ship_body(line("A", 2)), ("A", "W1", 2))
    await orders.applied(released(order_id, ("A", "W1", 2), state="confirmed"))
    assert (await orders.get(order_id))["state"] == "confirmed"


async def test_a_promise_at_risk_is_noted_once_in_the_orders_timelines(orders: OrdersService) -> None:
    first = await orders.confirmed(ship_body(), ("A", "W1", 1))
    second = await orders.confirmed(ship_body(), ("A", "W1", 1))
    event = oversold(first, second, "cart-7")
    await orders.applied(event, event)
    await orders.applied(event)
    for order_id in (first, second):
        timeline = (await orders.get(order_id))["timeline"]
        assert [step["state"] for step in timeline] == ["pending", "confirmed", "confirmed"]
        assert timeline[-1]["cause"] == "zaiko.stock.oversold.v1"
        assert timeline[-1]["reason"] == "3 of A short at W1"
