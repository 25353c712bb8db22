"""Placing orders, and the answer to a checkout."""

import asyncio

from shared.contracts import orders as contract
from tests.conditions import eventually, eventually_async
from tests.integration.orders.conftest import Start
from tests.integration.orders.service import (
    OrdersService,
    held,
    line,
    location,
    pickup_body,
    rejected,
    ship_body,
)


async def test_without_a_preference_the_answer_is_the_pending_order(orders: OrdersService) -> None:
    answer = await orders.place(ship_body(line("A", 2), external_id="W-1", member_id="900"))
    assert answer.status_code == 202
    order = answer.json()
    assert answer.headers["location"] == f"/v1/orders/{order['order_id']}"
    assert order["state"] == "pending"
    assert order["total"] == {"amount": 2580, "currency": "JPY"}
    assert order["timeline"][0]["cause"] == "zaiko.order.placed.v1"
    assert order == await orders.get(order["order_id"])


async def test_the_location_header_follows_the_mount(orders: OrdersService) -> None:
    async with orders.client("storefront", root_path="/orders") as mounted:
        answer = await mounted.post("/orders/v1/orders", json=ship_body())
    assert answer.headers["location"] == f"/orders/v1/orders/{answer.json()['order_id']}"


async def test_inventory_is_asked_for_a_promise_with_ranked_candidates(orders: OrdersService) -> None:
    cart = "01890a5d-a8f0-7b1c-8d5e-2f9c11aa7c42"
    order_id = await orders.placed(ship_body(line("A", 2), line("B"), reservation_id=cart))
    [placed] = await orders.announced(contract.PLACED, order_id)
    assert placed.sourcing.candidates == ["W1", "S1", "S2"]
    assert placed.sourcing.policy == "fewest_splits"
    assert [(asked.sku, asked.quantity) for asked in placed.lines] == [("A", 2), ("B", 1)]
    assert placed.reservation_id == cart


async def test_a_pickup_is_promised_at_its_store_alone(orders: OrdersService) -> None:
    order_id = await orders.placed(pickup_body(at="S2"))
    [placed] = await orders.announced(contract.PLACED, order_id)
    assert placed.sourcing.candidates == ["S2"]
    assert placed.sourcing.policy == "single_location"


async def test_a_waiting_checkout_is_answered_by_the_confirmation(orders: OrdersService) -> None:
    checkout = asyncio.create_task(orders.place(ship_body(external_id="W-1"), wait_s=10))
    order_id = await only_order(orders)
    await orders.publish(held(order_id, ("A", "W1", 1)))
    answer = await checkout
    assert answer.status_code == 201, answer.text
    assert answer.headers["preference-applied"] == "wait=10"
    order = answer.json()
    assert (order["state"], order["order_id"]) == ("confirmed", order_id)
    assert order["allocations"] == [{"sku": "A", "location_id": "W1", "quantity": 1, "cancelled": 0, "handed_over": 0}]
    [confirmed] = await orders.announced(contract.CONFIRMED, order_id)
    assert confirmed.reservation_id == order["reservation_id"]
    assert confirmed.fulfilment.method == "ship"


async def test_a_waiting_checkout_is_answered_by_the_refusal(orders: OrdersService) -> None:
    checkout = asyncio.create_task(orders.place(ship_body(line("A", 3)), wait_s=10))
    order_id = await only_order(orders)
    await orders.publish(rejected(order_id, requested=3, available=1))
    answer = await checkout
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["code"] == "insufficient_stock"
    assert problem["order_id"] == order_id
    assert problem["shortages"] == [{"sku": "A", "requested": 3, "available": 1}]
    assert (await orders.get(order_id))["state"] == "rejected"
    assert await orders.types_of(order_id) == ["placed", "rejected"]


async def test_an_undecided_checkout_is_pending_when_its_time_is_over(orders: OrdersService) -> None:
    answer = await orders.place(ship_body(), wait_s=1)
    assert answer.status_code == 202
    assert answer.headers["preference-applied"] == "wait=1"
    assert answer.json()["state"] == "pending"


async def test_a_checkout_hears_of_a_decision_that_another_process_took(start_orders: Start) -> None:
    async with start_orders() as here, start_orders() as there:
        await here.applied(location("W1", "warehouse"))
        checkouts = [asyncio.create_task(here.place(ship_body(), wait_s=10)) for _ in range(20)]
        checkouts += [asyncio.create_task(there.place(ship_body(), wait_s=10)) for _ in range(20)]

        async def all_are_placed() -> bool:
            return len(await here.announced(contract.PLACED)) == len(checkouts)

        await eventually_async(all_are_placed)
        # The partitions of the topic are shared between the two, so each decides some orders of the other.
        placed = await here.announced(contract.PLACED)
        await here.publish(*(held(order.order_id, ("A", "W1", 1)) for order in placed))
        answers = await asyncio.gather(*checkouts)
        assert {answer.status_code for answer in answers} == {201}


async def test_a_decision_is_noticed_after_the_notifications_were_cut(orders: OrdersService) -> None:
    checkout = asyncio.create_task(orders.place(ship_body(), wait_s=10))
    order_id = await only_order(orders)
    async with orders.database.transaction() as transaction:
        await transaction.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'zaiko notifications' AND datname = current_database()"
        )
    await orders.publish(held(order_id, ("A", "W1", 1)))
    assert (await checkout).status_code == 201


async def test_a_client_that_hangs_up_leaves_nothing_behind(orders: OrdersService) -> None:
    checkout = asyncio.create_task(orders.place(ship_body(), wait_s=10))
    order_id = await only_order(orders)
    decisions = orders.app.state.doors.decisions
    checkout.cancel()
    await asyncio.gather(checkout, return_exceptions=True)
    await eventually(lambda: not decisions._watches)
    await orders.publish(held(order_id, ("A", "W1", 1)))
    await orders.reaches(order_id, "confirmed")


async def test_an_order_cancelled_while_it_was_waited_for_is_shown_cancelled(orders: OrdersService) -> None:
    checkout = asyncio.create_task(orders.place(ship_body(), wait_s=10))
    order_id = await only_order(orders)
    await orders.storefront.post(f"/v1/orders/{order_id}/cancel", json={"reason": "changed my mind"})
    answer = await checkout
    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")


async def test_an_order_at_a_store_that_was_just_put_waits_for_the_news(orders: OrdersService) -> None:
    answer = asyncio.create_task(orders.place(pickup_body(at="S7")))
    await orders.publish(location("S7"))
    assert (await answer).status_code == 202


async def only_order(orders: OrdersService) -> str:
    """The id of the one order there is, once it is there."""
    found: list[str] = []

    async def is_placed() -> bool:
        found[:] = [order.order_id for order in await orders.announced(contract.PLACED)]
        return len(found) == 1

    await eventually_async(is_placed)
    return found[0]
