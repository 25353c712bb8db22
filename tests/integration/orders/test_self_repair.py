"""Places that will not give what they promised: the order asks the next ones, takes the answer, and says why."""

from typing import Any
from uuid import uuid4

import pytest

from shared.contracts import amendments, pickups, reassignments
from shared.contracts import orders as contract
from shared.contracts.event import Event
from shared.contracts.orders import PickupFulfilment, ShipFulfilment
from shared.contracts.reservations import MovedUnits
from shared.contracts.values import SkuQuantity
from tests.clocks import MovableClock
from tests.integration.orders.service import (
    OrdersService,
    bag,
    line,
    oversold,
    pickup_body,
    reservation_of,
    ship_body,
    short,
)

REASSIGNED = "zaiko.reservation.reassigned.v1"


def reassigned(order_id: str, *moved: tuple[str, str, int], at: str, short: dict[str, int] | None = None) -> Event:
    """Inventory's answer; `moved` is units by item and place."""
    data = reassignments.ReservationReassigned(
        reservation_id=reservation_of(order_id),
        reference=order_id,
        channel="web",
        state="confirmed",
        allocations=[],
        location_id=at,
        moved=[
            MovedUnits(sku=sku, from_location_id=at, to_location_id=place, quantity=units)
            for sku, place, units in moved
        ],
        short=[SkuQuantity(sku=sku, quantity=units) for sku, units in (short or {}).items()],
    )
    return reassignments.REASSIGNED.event(data, event_id=uuid4().hex, source="/inventory", time=MovableClock()())


async def reject(orders: OrdersService, order_id: str, place: str, role: Any = "operator", **body: Any) -> Any:
    """The answer to a rejection by somebody of this role at the place."""
    path = f"/v1/orders/{order_id}/allocations/{place}/reject"
    async with orders.client(role, place if role == "store-staff" else None) as client:
        return await client.post(path, json={"reason": "damaged", **body})


async def told(orders: OrdersService, order_id: str) -> list[tuple[str, str | None]]:
    """The end of the timeline: causes and reasons since the order was confirmed."""
    return [(step["cause"], step["reason"]) for step in (await orders.get(order_id))["timeline"]][2:]


async def test_a_rejected_allocation_is_asked_for_elsewhere_and_the_timeline_tells_it_all(
    orders: OrdersService,
) -> None:
    order_id = await orders.confirmed(ship_body(line("A", 2), line("B")), ("A", "S1", 2), ("B", "S1", 1))
    answer = await reject(orders, order_id, "S1", "store-staff")
    assert (answer.status_code, answer.json()["state"]) == (200, "confirmed")
    (wanted,) = await orders.announced(reassignments.REQUESTED, order_id)
    assert {units.sku: units.quantity for units in wanted.lines} == {"A": 2, "B": 1}
    assert (wanted.location_id, wanted.sourcing.candidates, wanted.together) == ("S1", ["W1", "S2"], False)

    event = reassigned(order_id, ("A", "W1", 2), at="S1", short={"B": 1})
    await orders.applied(event, event)
    order = await orders.get(order_id)
    shares = [
        (share["sku"], share["location_id"], share["quantity"], share["cancelled"]) for share in order["allocations"]
    ]
    assert shares == [("A", "W1", 2, 0), ("B", "S1", 1, 1)]
    assert [(row["sku"], row["state"]) for row in order["lines"]] == [("A", "confirmed"), ("B", "cancelled")]
    assert await told(orders, order_id) == [
        ("allocation rejected", "S1: damaged; 2 of A, 1 of B wanted from elsewhere"),
        (REASSIGNED, "2 of A from W1 instead of S1; 1 of B not given by S1, and no other place has it"),
    ]
    (cancelled,) = await orders.announced(contract.CANCELLED, order_id)
    assert [(share.sku, share.location_id, share.quantity) for share in cancelled.allocations] == [("B", "S1", 1)]


async def test_a_place_that_failed_is_not_asked_again_whatever_made_it_fail(orders: OrdersService) -> None:
    order_id = await orders.confirmed(ship_body(), ("A", "S1", 1))
    await reject(orders, order_id, "S1")
    await orders.applied(reassigned(order_id, ("A", "W1", 1), at="S1"))
    await orders.applied(oversold(order_id, at="W1"))
    (wanted,) = await orders.announced(contract.REALLOCATION_REQUESTED, order_id)
    assert wanted.sourcing is not None
    assert wanted.sourcing.candidates == ["S2"]


async def test_a_rejection_that_is_told_twice_asks_once(orders: OrdersService) -> None:
    order_id = await orders.confirmed(ship_body(), ("A", "S1", 1))
    await reject(orders, order_id, "S1")
    await orders.applied(reassigned(order_id, ("A", "W1", 1), at="S1"))
    again = await reject(orders, order_id, "S1")
    assert again.status_code == 200
    assert len(await orders.announced(reassignments.REQUESTED, order_id)) == 1


@pytest.mark.parametrize(
    ("place", "body", "status", "code"),
    [
        ("S2", {}, 404, "not_found"),
        ("S1", {"lines": [{"sku": "A", "quantity": 2}]}, 409, "illegal_transition"),
        ("S1", {"lines": [{"sku": "C", "quantity": 1}]}, 422, "invalid_request"),
        ("S1", {"lines": [{"sku": "A", "quantity": 1}] * 2}, 422, "invalid_request"),
    ],
)
async def test_a_rejection_names_what_is_promised_there(
    orders: OrdersService, place: str, body: dict[str, Any], status: int, code: str
) -> None:
    order_id = await orders.confirmed(ship_body(), ("A", "S1", 1))
    answer = await reject(orders, order_id, place, **body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_only_the_place_itself_and_operators_reject(orders: OrdersService) -> None:
    order_id = await orders.confirmed(ship_body(), ("A", "S1", 1))
    path = f"/v1/orders/{order_id}/allocations/S1/reject"
    async with orders.client("store-staff", "S2") as neighbour:
        assert (await neighbour.post(path, json={"reason": "x"})).status_code == 403
    assert (await orders.storefront.post(path, json={"reason": "x"})).status_code == 403
    assert (await orders.get(order_id))["timeline"][-1]["cause"] == "zaiko.reservation.held.v1"


async def test_a_bag_that_its_store_gives_up_is_asked_for_at_the_nearest_other_store(orders: OrdersService) -> None:
    fulfilment = {"method": "pickup", "location_id": "S1", "alternatives": True}
    order_id = await orders.confirmed(ship_body(line("A", 2), fulfilment=fulfilment), ("A", "S1", 2))
    gone = bag(pickups.CANCELLED, order_id, ("A", 2), reason="flooded")
    await orders.applied(bag(pickups.PICKING, order_id, ("A", 2)), gone, gone)
    (wanted,) = await orders.announced(reassignments.REQUESTED, order_id)
    assert (wanted.sourcing.candidates, wanted.together) == (["S2"], True)
    await orders.applied(reassigned(order_id, ("A", "S2", 2), at="S1"))
    (resourced,) = await orders.announced(contract.RESOURCED, order_id)
    assert isinstance(resourced.fulfilment, PickupFulfilment)
    assert resourced.fulfilment.location_id == "S2"
    order = await orders.get(order_id)
    assert (order["state"], order["fulfilment"]["location_id"]) == ("confirmed", "S2")
    await orders.applied(bag(pickups.READY, order_id, ("A", 2)))
    assert (await orders.get(order_id))["state"] == "confirmed"


async def test_without_the_customers_word_a_short_pickup_is_given_up_as_before(orders: OrdersService) -> None:
    order_id = await orders.confirmed(pickup_body(line("A", 2)), ("A", "S1", 2))
    await orders.applied(short(order_id, "A", 2))
    assert await orders.announced(reassignments.REQUESTED, order_id) == []
    assert (await orders.get(order_id))["state"] == "cancelled"


async def test_a_changed_order_is_told_and_what_is_not_wanted_is_given_back(orders: OrdersService) -> None:
    order_id = await orders.confirmed(ship_body(line("A", 3)), ("A", "W1", 3))
    osaka = {"country": "JP", "postal_code": "530-0001", "latitude": None, "longitude": None}
    body = {"lines": [{"sku": "A", "quantity": 1}], "destination": osaka, "reason": "moved house"}
    answer = await orders.storefront.post(f"/v1/orders/{order_id}/amend", json=body)
    assert answer.status_code == 200, answer.text
    order = answer.json()
    assert (order["fulfilment"]["destination"], order["lines"][0]["cancelled"]) == (osaka, 2)
    assert await orders.types_of(order_id) == ["placed", "confirmed", "amended", "cancelled"]
    (amended,) = await orders.announced(amendments.AMENDED, order_id)
    assert [(units.sku, units.quantity) for units in amended.lines] == [("A", 1)]
    assert isinstance(amended.fulfilment, ShipFulfilment)
    assert amended.fulfilment.destination.postal_code == "530-0001"
    assert await told(orders, order_id) == [("amend", "2 fewer of A, another destination: moved house")]
    again = await orders.storefront.post(f"/v1/orders/{order_id}/amend", json=body)
    assert (again.status_code, again.json()) == (200, order)


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        ({}, 422, "/lines"),
        ({"lines": [{"sku": "A", "quantity": 5}]}, 422, "/lines/0/quantity"),
        ({"lines": [{"sku": "B", "quantity": 1}]}, 422, "/lines/0/sku"),
        ({"lines": [{"sku": "A", "quantity": 1}] * 2}, 422, "/lines/1/sku"),
    ],
)
async def test_a_change_that_cannot_be_names_the_field(
    orders: OrdersService, body: dict[str, Any], status: int, pointer: str
) -> None:
    order_id = await orders.confirmed(ship_body(line("A", 3)), ("A", "W1", 3))
    answer = await orders.storefront.post(f"/v1/orders/{order_id}/amend", json={"reason": "test", **body})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (status, pointer)
