"""What a channel may see holds for its orders, wherever their units come from."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from shared.contracts import orders, reservations
from shared.contracts.orders import Destination, OrderLine, OrderPlaced, OrderReallocationRequested, ShipFulfilment
from shared.contracts.reservations import Sourcing
from shared.contracts.values import Money
from tests.integration.inventory.channels import answered, limit, put, seen
from tests.integration.inventory.conftest import Inventory

NOW = datetime(2017, 11, 20, 9, tzinfo=UTC)


def placed(order_id: str, quantity: int, *, channel: str = "market", **more: Any) -> OrderPlaced:
    price = Money(amount=1290, currency="JPY")
    return OrderPlaced(
        order_id=order_id,
        channel=channel,
        lines=[OrderLine(sku="A", quantity=quantity, unit_price=price)],
        fulfilment=ShipFulfilment(method="ship", destination=Destination(country="JP")),
        sourcing=Sourcing(candidates=["S1", "S2"], policy="in_order"),
        **more,
    )


async def tell(inventory: Inventory, kind: Any, data: Any) -> None:
    await inventory.publish(kind.event(data, event_id=uuid4().hex, source="/orders", time=NOW))


async def test_an_order_of_a_closed_channel_is_told_why_it_is_refused(inventory: Inventory) -> None:
    await inventory.stock("A", S1=5, S2=5)
    await put(inventory, open=False)
    await tell(inventory, orders.PLACED, placed("closed", 1))
    refused = await answered(inventory, reservations.REJECTED, "closed")
    assert (refused.code, "closed" in refused.detail) == ("channel_closed", True)
    await tell(inventory, orders.PLACED, placed("too-many", 11, channel="web"))
    refused = await answered(inventory, reservations.REJECTED, "too-many")
    assert (refused.code, refused.shortages[0].available) == ("insufficient_stock", 10)


async def test_units_that_move_to_another_place_go_on_counting_against_their_cap(inventory: Inventory) -> None:
    await inventory.stock("A", S1=2, S2=9)
    await limit(inventory, {"sku": "A", "cap": 3, "buffer": 1})
    await tell(inventory, orders.PLACED, placed("moved", 1))
    held = await answered(inventory, reservations.HELD, "moved")
    assert [share.location_id for share in held.allocations] == ["S1"]
    await inventory.move("count", "A", "S1", 0, "2017-11-20T08:00:00Z")
    wanted = OrderReallocationRequested(
        order_id="moved",
        reservation_id=held.reservation_id,
        sku="A",
        location_id="S1",
        quantity=1,
        sourcing=Sourcing(candidates=["S2"], policy="in_order"),
    )
    await tell(inventory, orders.REALLOCATION_REQUESTED, wanted)
    moved = await answered(inventory, reservations.REALLOCATED, "moved")
    assert [unit.to_location_id for unit in moved.moved] == ["S2"]
    assert (await seen(inventory))["all"] == 2
    (await inventory.operator.post(f"/v1/reservations/{held.reservation_id}/release")).raise_for_status()
    assert (await seen(inventory))["all"] == 3


async def test_a_cart_of_another_channel_is_no_way_around_a_cap(inventory: Inventory) -> None:
    await inventory.stock("A", S1=9, S2=9)
    await limit(inventory, {"cap": 1})
    cart = (await inventory.reserve("A", 2, sourcing={"candidates": ["S1"]})).json()
    await tell(inventory, orders.PLACED, placed("around", 2, reservation_id=cart["reservation_id"]))
    refused = await answered(inventory, reservations.REJECTED, "around")
    assert refused.shortages[0].available == 1
    assert (await inventory.level("A"))["reserved"] == 0
