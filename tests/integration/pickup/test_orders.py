"""What the bus tells pickup, once, again and out of date."""

from datetime import datetime

from shared.contracts.event import Event
from shared.contracts.orders import LINE_SHORT, OrderLineShort
from shared.contracts.values import SkuQuantity
from shared.identifiers import new_id
from tests.integration.pickup.service import PickupService, cancelled, confirmed, step


def short(order_id: str, at: datetime, **units: int) -> Event:
    """The shelf of S1 has too little for the order."""
    data = OrderLineShort(
        order_id=order_id,
        reservation_id=new_id(),
        location_id="S1",
        lines=[SkuQuantity(sku=sku, quantity=quantity) for sku, quantity in units.items()],
        reason="oversold",
    )
    return LINE_SHORT.event(data, event_id=new_id(), source="/orders", time=at)


async def kinds(service: PickupService, order_id: str) -> list[str]:
    return [event.kind for event in await service.announced(order_id)]


async def test_an_order_from_two_stores_becomes_two_pickups(service: PickupService) -> None:
    order_id = new_id()
    await service.publish(confirmed(order_id, service.clock(), {"S1": {"A": 1}, "S2": {"A": 2, "B": 1}}))
    async with service.client() as operator:
        items = (await operator.get("/v1/pickups", params={"order_id": order_id})).json()["items"]
    units = {item["location_id"]: {line["sku"]: line["quantity"] for line in item["lines"]} for item in items}
    assert units == {"S1": {"A": 1}, "S2": {"A": 2, "B": 1}}
    assert await kinds(service, order_id) == ["requested", "requested"]


async def test_an_order_to_be_shipped_is_none_of_its_business(service: PickupService) -> None:
    order_id = new_id()
    shipped = confirmed(order_id, service.clock(), {"S1": {"A": 1}}, ships=True)
    await service.publish(shipped, cancelled(order_id, service.clock(), A=1, complete=True))
    assert await kinds(service, order_id) == []


async def test_a_confirmation_that_comes_again_changes_nothing(service: PickupService) -> None:
    order_id = new_id()
    event = confirmed(order_id, service.clock(), {"S1": {"A": 1}})
    await service.publish(event, event)
    pickup = await service.of_order(order_id)
    async with service.staff() as staff:
        await step(staff, pickup, "start")
    service.clock.move(hours=1)
    await service.publish(event)
    assert (await service.of_order(order_id))["state"] == "picking"
    assert (await service.of_order(order_id))["due_at"] == pickup["due_at"]
    assert await kinds(service, order_id) == ["requested", "picking"]


async def test_units_are_taken_off_once_however_often_the_cancellation_comes(service: PickupService) -> None:
    order_id = new_id()
    first = confirmed(order_id, service.clock(), {"S1": {"A": 3}})
    then = cancelled(order_id, service.clock(), A=1)
    await service.publish(first, then, first, then)
    await service.publish(first, then)
    (line,) = (await service.of_order(order_id))["lines"]
    assert (line["quantity"], line["cancelled"]) == (3, 1)


async def test_a_replay_of_confirmed_and_cancelled_brings_nothing_back(service: PickupService) -> None:
    order_id = new_id()
    first = confirmed(order_id, service.clock(), {"S1": {"A": 1}})
    then = cancelled(order_id, service.clock(), complete=True, A=1)
    await service.publish(first, then)
    assert (await service.of_order(order_id))["state"] == "cancelled"
    await service.publish(first, then, first, then)
    pickup = await service.of_order(order_id)
    assert (pickup["state"], pickup["reason"]) == ("cancelled", "changed my mind")
    assert await kinds(service, order_id) == ["requested", "cancelled"]


async def test_a_cancellation_that_comes_after_the_collection_changes_nothing(service: PickupService) -> None:
    pickup = await service.ready(A=1)
    async with service.staff() as staff:
        await step(staff, pickup, "collect", code=pickup["code"])
    await service.publish(cancelled(pickup["order_id"], service.clock(), complete=True, A=1))
    assert (await service.of_order(pickup["order_id"]))["state"] == "collected"
    assert (await kinds(service, pickup["order_id"]))[-1] == "collected"


async def test_the_orders_answer_to_a_short_line_takes_nothing_more_off(service: PickupService) -> None:
    pickup = await service.requested(A=3)
    async with service.staff() as staff:
        await step(staff, pickup, "start")
        await step(staff, pickup, "lines/A/short", missing=1, reason="gone")
        await service.publish(cancelled(pickup["order_id"], service.clock(), A=1))
        picked = await step(staff, pickup, "lines/A/pick", quantity=2)
    assert picked["lines"] == [{"sku": "A", "quantity": 3, "picked": 2, "short": 1, "cancelled": 0, "arriving": 0}]


async def test_units_that_are_not_on_the_shelf_are_given_up_once_unless_the_bag_is_begun(
    service: PickupService,
) -> None:
    begun, waiting = await service.requested(A=3), await service.requested(A=3)
    async with service.staff() as staff:
        await step(staff, begun, "start")
    for pickup in (begun, waiting):
        event = short(pickup["order_id"], service.clock(), A=1)
        await service.publish(event, event)
        await service.publish(event)
    assert await kinds(service, begun["order_id"]) == ["requested", "picking"]
    assert await kinds(service, waiting["order_id"]) == ["requested", "line_short"]
    (line,) = (await service.of_order(waiting["order_id"]))["lines"]
    assert (line["quantity"], line["short"]) == (3, 1)


async def test_many_orders_at_once_become_a_pickup_each(service: PickupService) -> None:
    order_ids = [new_id() for _ in range(50)]
    await service.publish(*(confirmed(order_id, service.clock(), {"S1": {"A": 1}}) for order_id in order_ids))
    async with service.staff() as staff:
        items = (await staff.get("/v1/pickups", params={"limit": 500})).json()["items"]
    assert sorted(item["order_id"] for item in items) == sorted(order_ids)
