"""Bought online, returned at a till: the order's lines say so, and the stock moves once, with the till's own return."""

from datetime import timedelta
from typing import Any

from shared.contracts import order_returns, returns
from shared.contracts.event import Event
from shared.contracts.orders import RETURNED
from shared.contracts.pickups import COLLECTED
from shared.contracts.returns import OrderUnitsReturned
from tests.clocks import MovableClock
from tests.conditions import eventually_async
from tests.integration.orders.service import OrdersService, bag, line, pickup_body, ship_body

RECEIPT = {"location_id": "S2", "till_id": "2", "receipt_id": "R7"}


def at_till(event_id: str, order_id: str, *lines: tuple[str, int], condition: str = "sellable") -> Event:
    """A till of S2 took back units of the order."""
    data = OrderUnitsReturned.model_validate(
        {
            "order_id": order_id,
            "location_id": "S2",
            "receipt": RECEIPT,
            "lines": [{"sku": sku, "quantity": units, "condition": condition} for sku, units in lines],
        }
    )
    return returns.OF_ORDER.event(data, event_id=event_id, source="/inventory", time=MovableClock()())


async def shipped(service: OrdersService, quantity: int) -> str:
    """An order of A that the customer has; its id."""
    order_id = await service.confirmed(ship_body(line("A", quantity)), ("A", "W1", quantity))
    parcel = {"location_id": "W1", "lines": [{"sku": "A", "quantity": quantity}]}
    answer = await service.operator.post(f"/v1/orders/{order_id}/shipments", json=parcel)
    assert answer.status_code == 201, answer.text
    return order_id


async def until_returned(service: OrdersService, order_id: str, units: int) -> dict[str, Any]:
    async def is_marked() -> bool:
        return bool((await service.get(order_id))["lines"][0]["returned"] == units)

    await eventually_async(is_marked)
    return await service.get(order_id)


async def test_what_a_till_takes_back_is_marked_once_and_tells_its_receipt(orders: OrdersService) -> None:
    order_id = await shipped(orders, 3)
    event = at_till("1", order_id, ("A", 2), condition="damaged")
    await orders.applied(event, event)
    await orders.applied(event)
    order = await orders.get(order_id)
    assert order["lines"][0]["returned"] == 2
    (returned,) = order["returns"]
    assert (returned["location_id"], returned["receipt"]) == ("S2", RECEIPT)
    assert returned["lines"] == [{"sku": "A", "quantity": 2, "condition": "damaged"}]
    step = order["timeline"][-1]
    assert (step["cause"], step["reason"]) == ("zaiko.return.of_order.v1", "at till 2 of S2, receipt R7")
    (told,) = await orders.announced(RETURNED, order_id)
    assert told.receipt is not None, "inventory would move the stock a second time"
    too_many = {"location_id": "S1", "lines": [{"sku": "A", "quantity": 2}]}
    assert (await orders.operator.post(f"/v1/orders/{order_id}/returns", json=too_many)).status_code == 409


async def test_more_than_was_handed_over_is_said_and_not_marked(orders: OrdersService) -> None:
    order_id = await shipped(orders, 2)
    await orders.applied(at_till("1", order_id, ("A", 3), ("B", 1)))
    assert (await orders.get(order_id))["lines"][0]["returned"] == 2
    (said,) = await orders.announced(order_returns.EXCEEDED, order_id)
    assert {units.sku: units.quantity for units in said.lines} == {"A": 1, "B": 1}
    assert (await orders.get(order_id))["timeline"][-1]["reason"].endswith("too many, 1 of A, 1 of B")


async def test_a_return_that_is_heard_of_before_its_bag_was_collected_waits_for_it(orders: OrdersService) -> None:
    order_id = await orders.confirmed(pickup_body(line("A", 3)), ("A", "S1", 3))
    await orders.applied(at_till("1", order_id, ("A", 2)))
    assert (await orders.get(order_id))["lines"][0]["returned"] == 0
    await orders.publish(bag(COLLECTED, order_id, ("A", 3)))
    await orders.reaches(order_id, "completed")
    orders.clock.advance(timedelta(seconds=2))
    await until_returned(orders, order_id, 2)
    assert await orders.announced(order_returns.EXCEEDED, order_id) == []


async def test_what_was_never_handed_over_is_said_to_be_too_much_in_the_end(orders: OrdersService) -> None:
    order_id = await orders.confirmed(pickup_body(line("A", 3)), ("A", "S1", 3))
    await orders.applied(at_till("1", order_id, ("A", 2)))
    orders.clock.advance(timedelta(seconds=3_601))

    async def is_said() -> bool:
        return bool(await orders.announced(order_returns.EXCEEDED, order_id))

    await eventually_async(is_said)
    (said,) = await orders.announced(order_returns.EXCEEDED, order_id)
    assert {units.sku: units.quantity for units in said.lines} == {"A": 2}
    assert (await orders.get(order_id))["state"] == "confirmed"


async def test_a_return_of_an_order_that_does_not_exist_is_a_dead_letter(orders: OrdersService) -> None:
    stranger = "01890a5d-a7c1-7e33-9f2a-5c2d4a1be001"
    order_id = await shipped(orders, 1)
    await orders.applied(
        at_till("1", "no id at all", ("A", 1)), at_till("2", stranger, ("A", 1)), at_till("3", order_id, ("A", 1))
    )
    assert (await orders.get(order_id))["lines"][0]["returned"] == 1
    async with orders.database.reading() as connection:
        found = await connection.exec_driver_sql("SELECT event_id, code FROM dead_letters ORDER BY event_id")
        assert [tuple(row) for row in found] == [("1", "unknown_order"), ("2", "unknown_order")]


async def test_lines_that_say_more_came_back_than_their_returns_tell_are_found_by_verify(orders: OrdersService) -> None:
    order_id = await shipped(orders, 2)
    await orders.applied(at_till("1", order_id, ("A", 1)))
    for returned, is_right in ((2, False), (1, True)):
        async with orders.database.transaction() as transaction:
            await transaction.exec_driver_sql(f"UPDATE order_lines SET returned = {returned}")
        assert any("its returns say 1" in fault for fault in await orders.violations()) is not is_right
