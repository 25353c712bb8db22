"""`(channel, external_id)` and Idempotency-Key: placing again never makes a second order."""

import asyncio

from shared.contracts import orders as contract
from tests.integration.orders.conftest import Start
from tests.integration.orders.service import OrdersService, held, line, location, rejected, ship_body


async def test_placing_a_name_again_answers_with_the_first_order_as_it_stands(orders: OrdersService) -> None:
    body = ship_body(external_id="W-1")
    first = await orders.place(body)
    again = await orders.place(ship_body(line("B"), external_id="W-1"))
    order_id = first.json()["order_id"]
    assert (again.status_code, again.json()) == (202, first.json())

    await orders.applied(held(order_id, ("A", "W1", 1)))
    again = await orders.place(body)
    assert (again.status_code, again.json()["order_id"], again.json()["state"]) == (200, order_id, "confirmed")
    assert again.headers["location"] == f"/v1/orders/{order_id}"
    assert len(await orders.announced(contract.PLACED)) == 1


async def test_placing_a_rejected_name_again_is_refused_like_the_first(orders: OrdersService) -> None:
    order_id = await orders.placed(ship_body(external_id="W-1"))
    await orders.applied(rejected(order_id))
    again = await orders.place(ship_body(external_id="W-1"), wait_s=5)
    assert (again.status_code, again.json()["code"]) == (409, "insufficient_stock")
    assert again.json()["order_id"] == order_id


async def test_placing_a_pending_name_again_waits_for_the_first_order(orders: OrdersService) -> None:
    order_id = await orders.placed(ship_body(external_id="W-1"))
    again = asyncio.create_task(orders.place(ship_body(external_id="W-1"), wait_s=10))
    await orders.publish(held(order_id, ("A", "W1", 1)))
    answer = await again
    assert (answer.status_code, answer.json()["order_id"]) == (200, order_id)


async def test_one_name_may_be_used_by_two_channels(orders: OrdersService) -> None:
    web = await orders.placed(ship_body(external_id="1"))
    app = await orders.placed({**ship_body(external_id="1"), "channel": "app"})
    assert web != app


async def test_racing_for_a_name_in_two_processes_makes_one_order(start_orders: Start) -> None:
    async with start_orders() as here, start_orders() as there:
        await here.applied(location("W1", "warehouse"))
        names = [f"W-{number}" for number in range(10)]
        racers = [(name, service) for name in names for service in (here, there) for _ in range(5)]
        answers = await asyncio.gather(*(service.place(ship_body(external_id=name)) for name, service in racers))
        assert {answer.status_code for answer in answers} == {202}
        ids: dict[str, set[str]] = {}
        for (name, _), answer in zip(racers, answers, strict=True):
            ids.setdefault(name, set()).add(answer.json()["order_id"])
        assert all(len(found) == 1 for found in ids.values())
        assert len(await here.announced(contract.PLACED)) == len(names)
        assert await here.violations() == []


async def test_a_name_is_answered_even_where_its_order_could_not_be_placed_now(orders: OrdersService) -> None:
    order_id = await orders.placed(ship_body(external_id="W-1"))
    await orders.applied(*(location(name, ships=False) for name in ("S1", "S2", "W1")))
    assert (await orders.place(ship_body())).status_code == 422
    assert (await orders.place(ship_body(external_id="W-1"))).json()["order_id"] == order_id


async def test_a_repeated_key_answers_by_the_state_now(orders: OrdersService) -> None:
    first = await orders.place(ship_body(), key="k-1")
    order_id = first.json()["order_id"]
    assert "idempotency-replayed" not in first.headers

    waiting = asyncio.create_task(orders.place(ship_body(), wait_s=10, key="k-1"))
    await orders.publish(held(order_id, ("A", "W1", 1)))
    replayed = await waiting
    assert (replayed.status_code, replayed.json()["order_id"]) == (201, order_id)
    assert replayed.headers["idempotency-replayed"] == "true"

    without_waiting = await orders.place(ship_body(), key="k-1")
    assert (without_waiting.status_code, without_waiting.json()["state"]) == (201, "confirmed")
    assert len(await orders.announced(contract.PLACED)) == 1


async def test_a_repeated_key_with_another_body_is_refused(orders: OrdersService) -> None:
    await orders.place(ship_body(), key="k-1")
    answer = await orders.place(ship_body(line("B")), key="k-1")
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


async def test_a_repeated_key_of_a_cancellation_changes_nothing(orders: OrdersService) -> None:
    order_id = await orders.confirmed(ship_body(line("A", 3)), ("A", "W1", 3))
    body = {"lines": [{"sku": "A", "quantity": 1}], "reason": "one too many"}
    answers = [
        await orders.storefront.post(f"/v1/orders/{order_id}/cancel", json=body, headers={"Idempotency-Key": "k-2"})
        for _ in range(2)
    ]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["idempotency-replayed"] == "true"
    assert (await orders.get(order_id))["lines"][0]["cancelled"] == 1
