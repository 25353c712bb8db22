"""An order that would wait is backordered until all of it is there; its lines tell by when that will be."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from shared.contracts import orders as contract
from shared.contracts import reservations
from shared.contracts.backorders import BACKORDERED
from shared.contracts.event import Event
from tests.clocks import MovableClock
from tests.conditions import eventually_async
from tests.integration.orders.service import (
    OrdersService,
    Promise,
    held,
    line,
    pickup_body,
    released,
    reservation_of,
    ship_body,
)

FRIDAY = datetime(2099, 11, 27, 9, tzinfo=UTC)
MONDAY = datetime(2099, 11, 30, 9, tzinfo=UTC)
Awaited = tuple[str, str, int, datetime | None]
"""(sku, location_id, quantity, promised_by)"""


def backordered(order_id: str, *awaited: Awaited, held: tuple[Promise, ...] = ()) -> Event:
    data = reservations.ReservationBackordered.model_validate(
        {
            "reservation_id": reservation_of(order_id),
            "reference": order_id,
            "channel": "web",
            "state": "backordered",
            "allocations": [{"sku": sku, "location_id": place, "quantity": units} for sku, place, units in held],
            "awaited": [
                {"sku": sku, "location_id": place, "quantity": units, "promised_by": date}
                for sku, place, units, date in awaited
            ],
        }
    )
    return reservations.BACKORDERED.event(data, event_id=uuid4().hex, source="/inventory", time=MovableClock()())


def dates(order: dict[str, Any]) -> list[tuple[str, int, str | None]]:
    return [(line["state"], line["awaited"], line["promised_by"]) for line in order["lines"]]


async def test_what_is_asked_of_inventory_says_that_the_order_would_wait(orders: OrdersService) -> None:
    for wish in (True, False):
        order_id = await orders.placed(ship_body(backorder=wish))
        (placed,) = await orders.announced(contract.PLACED, order_id)
        assert placed.backorder is wish
        assert (await orders.get(order_id))["backorder"] is wish


async def test_a_checkout_that_waits_is_answered_with_the_dates(orders: OrdersService) -> None:
    body = ship_body(line("A"), line("B", 2), backorder=True, external_id="W-1")
    order_id = await orders.placed(body)
    await orders.publish(backordered(order_id, ("B", "W1", 2, MONDAY), held=(("A", "W1", 1),)))
    again = await orders.place(body, wait_s=10)
    order = again.json()
    assert (again.status_code, order["order_id"], order["state"]) == (200, order_id, "backordered")
    assert dates(order) == [("confirmed", 0, None), ("backordered", 2, "2099-11-30T09:00:00Z")]
    assert order["allocations"] == []


async def test_it_is_confirmed_when_all_of_it_is_there(orders: OrdersService) -> None:
    order_id = await orders.placed(pickup_body(line("A", 2), backorder=True))
    waits = backordered(order_id, ("A", "S1", 2, FRIDAY))
    await orders.applied(waits, waits)
    assert await orders.states(order_id) == ["pending", "backordered"]
    arrived = held(order_id, ("A", "S1", 2))
    await orders.applied(arrived, arrived, waits)
    order = await orders.get(order_id)
    assert (order["state"], dates(order)) == ("confirmed", [("confirmed", 0, None)])
    assert await orders.types_of(order_id) == ["placed", "backordered", "confirmed"]


async def test_a_date_that_moves_is_told_and_stands_in_the_timeline(orders: OrdersService) -> None:
    order_id = await orders.placed(ship_body(line("A", 2), backorder=True))
    await orders.applied(backordered(order_id, ("A", "W1", 2, FRIDAY)))
    await orders.applied(backordered(order_id, ("A", "W1", 2, MONDAY)))
    await orders.applied(backordered(order_id, ("A", "W1", 1, None)))
    told = await orders.announced(BACKORDERED, order_id)
    assert [data.promised_by for data in told] == [FRIDAY, MONDAY, None]
    assert [step["reason"] for step in (await orders.get(order_id))["timeline"]][1:] == [
        "2 of A expected at W1 by 2099-11-27T09:00Z",
        "2 of A expected at W1 by 2099-11-30T09:00Z",
        "1 of A expected at W1 at no known date",
    ]


async def test_what_is_cancelled_while_it_waits_is_given_back_at_once_and_only_then(orders: OrdersService) -> None:
    order_id = await orders.placed(ship_body(line("A", 3), line("B"), backorder=True))
    await orders.applied(backordered(order_id, ("A", "W1", 2, FRIDAY), held=(("A", "W1", 1), ("B", "W1", 1))))
    body = {"lines": [{"sku": "A", "quantity": 1}, {"sku": "B", "quantity": 1}], "reason": "too late"}
    assert (await orders.operator.post(f"/v1/orders/{order_id}/cancel", json=body)).status_code == 200
    (given_back,) = await orders.announced(contract.CANCELLED, order_id)
    assert (given_back.complete, given_back.allocations) == (False, [])
    assert given_back.reservation_id == reservation_of(order_id)

    await orders.applied(held(order_id, ("A", "W1", 2)))
    order = await orders.get(order_id)
    assert order["state"] == "confirmed"
    assert [(share["sku"], share["quantity"], share["cancelled"]) for share in order["allocations"]] == [("A", 2, 0)]
    (confirmed,) = await orders.announced(contract.CONFIRMED, order_id)
    assert [(share.sku, share.quantity) for share in confirmed.allocations] == [("A", 2)]
    assert len(await orders.announced(contract.CANCELLED, order_id)) == 1


async def test_units_that_had_come_when_they_were_cancelled_are_left_out_of_the_confirmation(
    orders: OrdersService,
) -> None:
    """Inventory had held them a moment before it heard; it gives back place after place, and so does the order."""
    order_id = await orders.placed(ship_body(line("A", 3), backorder=True))
    await orders.applied(backordered(order_id, ("A", "W1", 3, FRIDAY)))
    body = {"lines": [{"sku": "A", "quantity": 2}], "reason": "too many"}
    assert (await orders.operator.post(f"/v1/orders/{order_id}/cancel", json=body)).status_code == 200
    await orders.applied(held(order_id, ("A", "S1", 1), ("A", "W1", 2)))
    (confirmed,) = await orders.announced(contract.CONFIRMED, order_id)
    assert [(share.location_id, share.quantity) for share in confirmed.allocations] == [("W1", 1)]
    allocations = (await orders.get(order_id))["allocations"]
    assert [(share["location_id"], share["cancelled"]) for share in allocations] == [("S1", 1), ("W1", 1)]


async def test_an_order_that_waits_can_be_cancelled_as_a_whole(orders: OrdersService) -> None:
    order_id = await orders.placed(ship_body(line("A", 2), backorder=True))
    await orders.applied(backordered(order_id, ("A", "W1", 2, FRIDAY)))
    answer = await orders.operator.post(f"/v1/orders/{order_id}/cancel", json={"reason": "too late"})
    assert (answer.json()["state"], answer.json()["awaited"]) == ("cancelled", None)
    (given_back,) = await orders.announced(contract.CANCELLED, order_id)
    assert given_back.complete
    await orders.applied(held(order_id, ("A", "W1", 2)), released(order_id))
    assert await orders.types_of(order_id) == ["placed", "backordered", "cancelled"]


async def test_what_was_cancelled_before_it_was_promised_is_given_back_with_the_promise(orders: OrdersService) -> None:
    order_id = await orders.placed(ship_body(line("A", 2), line("B"), backorder=True))
    body = {"lines": [{"sku": "A", "quantity": 1}], "reason": "too many"}
    await orders.operator.post(f"/v1/orders/{order_id}/cancel", json=body)
    await orders.applied(backordered(order_id, ("A", "W1", 2, FRIDAY), held=(("B", "W1", 1),)))
    (given_back,) = await orders.announced(contract.CANCELLED, order_id)
    assert [(units.sku, units.quantity) for units in given_back.lines] == [("A", 1)]


async def test_nothing_is_shipped_while_it_waits(orders: OrdersService) -> None:
    order_id = await orders.placed(ship_body(line("A", 2), backorder=True))
    await orders.applied(backordered(order_id, ("A", "W1", 1, FRIDAY), held=(("A", "W1", 1),)))
    parcel = {"location_id": "W1", "lines": [{"sku": "A", "quantity": 1}]}
    answer = await orders.operator.post(f"/v1/orders/{order_id}/shipments", json=parcel)
    assert (answer.status_code, answer.json()["code"]) == (409, "illegal_transition")


async def test_orders_that_wait_are_found_by_their_state(orders: OrdersService) -> None:
    order_id = await orders.placed(ship_body(backorder=True))
    await orders.publish(backordered(order_id, ("A", "W1", 1, FRIDAY)))

    async def is_listed() -> bool:
        page = (await orders.operator.get("/v1/orders", params={"state": "backordered"})).json()
        return [order["order_id"] for order in page["items"]] == [order_id]

    await eventually_async(is_listed)


async def test_an_order_that_would_wait_takes_no_slot(orders: OrdersService) -> None:
    slot = {"method": "pickup", "location_id": "S1", "slot": {"starts_at": "2099-11-27T09:00:00Z"}}
    answer = await orders.place(pickup_body(backorder=True) | {"fulfilment": slot})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/backorder")
