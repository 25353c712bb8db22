"""When the shop floor wins: the order asks for its units from elsewhere, and takes inventory's answer once."""

from typing import Any
from uuid import uuid4

from shared.contracts import orders as contract
from shared.contracts import pickups
from shared.contracts.event import Event
from shared.contracts.reservations import REALLOCATED, MovedUnits, ReservationReallocated
from tests.clocks import MovableClock
from tests.integration.orders.service import (
    OrdersService,
    bag,
    held,
    line,
    oversold,
    pickup_body,
    reservation_of,
    ship_body,
)


def reallocated(order_id: str, *moved: tuple[str, int], at: str = "W1", short: int = 0, kept: int = 0) -> Event:
    """Inventory's answer to an order that wanted units of A from elsewhere; `moved` is units by place."""
    data = ReservationReallocated(
        reservation_id=reservation_of(order_id),
        reference=order_id,
        channel="web",
        state="confirmed",
        allocations=[],
        sku="A",
        location_id=at,
        moved=[
            MovedUnits(sku="A", from_location_id=at, to_location_id=place, quantity=units) for place, units in moved
        ],
        short=short,
        kept=kept,
    )
    return REALLOCATED.event(data, event_id=uuid4().hex, source="/inventory", time=MovableClock()())


async def allocations(orders: OrdersService, order_id: str) -> list[tuple[str, int, int]]:
    """From where the order is promised now: place, quantity, cancelled."""
    shown = (await orders.get(order_id))["allocations"]
    return [(share["location_id"], share["quantity"], share["cancelled"]) for share in shown]


async def last_step(orders: OrdersService, order_id: str) -> dict[str, Any]:
    timeline = (await orders.get(order_id))["timeline"]
    return {name: timeline[-1][name] for name in ("state", "cause", "reason")}


async def test_an_order_asks_for_what_it_lacks_from_the_places_of_its_own_policy(orders: OrdersService) -> None:
    destination = {"country": "JP", "latitude": 35.68, "longitude": 139.77}
    fulfilment = {"method": "ship", "destination": destination, "policy": "in_order"}
    first = await orders.confirmed(ship_body(line("A", 2), fulfilment=fulfilment), ("A", "S1", 2))
    second = await orders.confirmed(ship_body(line("A", 2), fulfilment=fulfilment), ("A", "S1", 2))
    event = oversold(second, first, at="S1", quantity=2, shortfall=3)
    await orders.applied(event, event)
    await orders.applied(event)
    asked = await orders.announced(contract.REALLOCATION_REQUESTED)
    assert sorted((wish.order_id, wish.quantity) for wish in asked) == sorted([(second, 2), (first, 1)])
    for wish in asked:
        assert (wish.sku, wish.location_id, wish.reservation_id) == ("A", "S1", reservation_of(wish.order_id))
        assert wish.sourcing is not None
        assert (wish.sourcing.policy, wish.sourcing.candidates) == ("in_order", ["W1", "S2"])


async def test_moved_units_are_promised_from_their_new_place_and_the_channel_is_told_once(
    orders: OrdersService,
) -> None:
    order_id = await orders.confirmed(ship_body(line("A", 3), member_id="900"), ("A", "W1", 3))
    event = reallocated(order_id, ("S1", 1), ("S2", 1))
    await orders.applied(event, event)
    await orders.applied(event)
    assert await allocations(orders, order_id) == [("S1", 1, 0), ("S2", 1, 0), ("W1", 1, 0)]
    (told,) = await orders.announced(contract.RESOURCED, order_id)
    assert (told.channel, told.member_id) == ("web", "900")
    assert [(units.to_location_id, units.quantity) for units in told.moved] == [("S1", 1), ("S2", 1)]
    assert {units.from_location_id for units in told.moved} == {"W1"}
    assert sorted((share.location_id, share.quantity) for share in told.allocations) == [
        ("S1", 1),
        ("S2", 1),
        ("W1", 1),
    ]
    assert await last_step(orders, order_id) == {
        "state": "confirmed",
        "cause": "zaiko.reservation.reallocated.v1",
        "reason": "1 of A from S1 instead of W1; 1 of A from S2 instead of W1",
    }


async def test_a_place_that_everything_was_moved_from_is_not_shown_and_may_get_it_back(orders: OrdersService) -> None:
    order_id = await orders.confirmed(ship_body(), ("A", "W1", 1))
    await orders.applied(reallocated(order_id, ("S1", 1)))
    assert await allocations(orders, order_id) == [("S1", 1, 0)]
    await orders.applied(reallocated(order_id, ("W1", 1), at="S1"))
    assert await allocations(orders, order_id) == [("W1", 1, 0)]


async def test_what_no_place_has_is_cancelled_at_the_place_that_lacks_it_and_nothing_else(
    orders: OrdersService,
) -> None:
    order_id = await orders.confirmed(
        ship_body(line("A", 2), line("B")), ("A", "S1", 1), ("A", "W1", 1), ("B", "W1", 1)
    )
    await orders.applied(reallocated(order_id, short=1))
    (told,) = await orders.announced(contract.CANCELLED, order_id)
    assert [(units.sku, units.quantity) for units in told.lines] == [("A", 1)]
    assert [(share.sku, share.location_id, share.quantity) for share in told.allocations] == [("A", "W1", 1)]
    assert (told.reason, told.complete) == ("oversold", False)
    order = await orders.get(order_id)
    assert (order["state"], [row["cancelled"] for row in order["lines"]]) == ("confirmed", [1, 0])
    assert order["timeline"][-1]["reason"] == "1 of A sold at W1, and no other place has it"


async def test_an_order_that_nothing_is_left_of_is_cancelled(orders: OrdersService) -> None:
    order_id = await orders.confirmed(ship_body(), ("A", "W1", 1))
    await orders.applied(reallocated(order_id, short=1))
    assert (await orders.get(order_id))["state"] == "cancelled"
    assert await orders.types_of(order_id) == ["placed", "confirmed", "cancelled"]


async def test_a_unit_that_was_moved_for_a_cancelled_order_is_given_back_where_it_is_now(
    orders: OrdersService,
) -> None:
    order_id = await orders.confirmed(ship_body(line("A"), line("B")), ("A", "W1", 1), ("B", "W1", 1))
    body = {"lines": [{"sku": "A", "quantity": 1}], "reason": "changed my mind"}
    (await orders.storefront.post(f"/v1/orders/{order_id}/cancel", json=body)).raise_for_status()
    await orders.applied(reallocated(order_id, ("S1", 1)))
    of_the_customer, of_the_move = await orders.announced(contract.CANCELLED, order_id)
    assert [share.location_id for share in of_the_customer.allocations] == ["W1"]
    assert of_the_move.lines == []
    assert [(share.location_id, share.quantity) for share in of_the_move.allocations] == [("S1", 1)]
    assert await orders.announced(contract.RESOURCED, order_id) == []


async def test_an_order_at_risk_before_it_has_heard_of_its_promise_asks_all_the_same(orders: OrdersService) -> None:
    order_id = await orders.placed(ship_body())
    await orders.applied(oversold(order_id))
    assert [wish.quantity for wish in await orders.announced(contract.REALLOCATION_REQUESTED, order_id)] == [1]
    await orders.applied(held(order_id, ("A", "W1", 1)), reallocated(order_id, ("S1", 1)))
    assert await allocations(orders, order_id) == [("S1", 1, 0)]


async def test_the_short_units_of_a_pickup_are_for_the_counter_to_give_up(orders: OrdersService) -> None:
    order_id = await orders.confirmed(pickup_body(line("A", 2)), ("A", "S1", 2))
    await orders.applied(oversold(order_id, at="S1", quantity=2, shortfall=1))
    (wish,) = await orders.announced(contract.REALLOCATION_REQUESTED, order_id)
    assert (wish.quantity, wish.sourcing) == (1, None)
    await orders.applied(reallocated(order_id, at="S1", short=1))
    (told,) = await orders.announced(contract.LINE_SHORT, order_id)
    assert (told.location_id, [(units.sku, units.quantity) for units in told.lines]) == ("S1", [("A", 1)])
    assert (await orders.get(order_id))["lines"][0]["cancelled"] == 0
    assert await orders.announced(contract.CANCELLED, order_id) == []


async def test_a_bag_that_is_begun_keeps_what_it_has(orders: OrdersService) -> None:
    order_id = await orders.confirmed(pickup_body(), ("A", "S1", 1))
    await orders.applied(bag(pickups.PICKING, order_id, ("A", 1)))
    await orders.applied(oversold(order_id, at="S1"))
    assert await orders.announced(contract.REALLOCATION_REQUESTED, order_id) == []
    assert (await last_step(orders, order_id))["reason"] == "1 of A short at S1"


async def test_what_has_been_shipped_is_told_before_what_is_wanted_so_that_inventory_does_not_move_it(
    orders: OrdersService,
) -> None:
    order_id = await orders.confirmed(ship_body(line("A", 2)), ("A", "W1", 2))
    parcel = {"location_id": "W1", "lines": [{"sku": "A", "quantity": 1}]}
    (await orders.operator.post(f"/v1/orders/{order_id}/shipments", json=parcel)).raise_for_status()
    await orders.applied(oversold(order_id, quantity=2))
    assert await orders.types_of(order_id) == ["placed", "confirmed", "shipped", "reallocation_requested"]
    await orders.applied(reallocated(order_id, ("S1", 1), kept=1))
    assert [(place, units) for place, units, _ in await allocations(orders, order_id)] == [("S1", 1), ("W1", 1)]
