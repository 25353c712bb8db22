"""Requests that cannot be accepted are named with their place."""

import asyncio
from typing import Any

import pytest

from tests.integration.orders.conftest import Start
from tests.integration.orders.service import OrdersService, line, location, pickup_body, ship_body

NOT_A_STORE = {"fulfilment": {"method": "pickup", "location_id": "S9"}}
BAD_ORDERS = [
    (ship_body(line("A"), line("B"), line("A")), "/lines/2/sku"),
    (ship_body(line("A"), line("B", currency="USD")), "/lines/1/unit_price/currency"),
    (ship_body(line("A", amount=-1)), "/lines/0/unit_price/amount"),
    (ship_body(line("A", 0)), "/lines/0/quantity"),
    (ship_body(line("A", 10**9, amount=10**15)), "/lines"),
    (ship_body(line("not a sku")), "/lines/0/sku"),
    (ship_body(lines=[]), "/lines"),
    (ship_body(external_id="\0"), "/external_id"),
    (ship_body(external_id=""), "/external_id"),
    (ship_body(currency="yen"), "/currency"),
    (ship_body(reservation_id="cart"), "/reservation_id"),
    (ship_body(fulfilment={"method": "pickup"}), "/fulfilment/location_id"),
    (ship_body(fulfilment={"method": "ship", "destination": {"country": "Japan"}}), "/fulfilment/destination/country"),
    (ship_body(fulfilment={"method": "drone"}), "/fulfilment"),
    (ship_body(colour="red"), "/colour"),
]


@pytest.mark.parametrize(("body", "pointer"), BAD_ORDERS, ids=[pointer for _, pointer in BAD_ORDERS])
async def test_a_field_that_cannot_be_accepted_is_named(
    orders: OrdersService, body: dict[str, Any], pointer: str
) -> None:
    answer = await orders.place(body)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["code"] == "invalid_request"
    assert [fault["pointer"] for fault in problem["errors"]] == [pointer]


async def test_a_pickup_needs_a_store_that_offers_it(orders: OrdersService) -> None:
    for place in ("S9", "W1"):
        answer = await orders.place(pickup_body(at=place))
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (422, "unknown_location")
        assert [fault["pointer"] for fault in problem["errors"]] == ["/fulfilment/location_id"]


async def test_nothing_ships_where_no_location_does(start_orders: Start) -> None:
    async with start_orders() as orders:
        await orders.applied(location("S1", ships=False))
        answer = await orders.place(ship_body())
        assert (answer.status_code, answer.json()["code"]) == (422, "unknown_location")


async def test_one_bad_order_of_a_batch_does_not_touch_the_others(orders: OrdersService) -> None:
    answers = await asyncio.gather(
        *(orders.place(pickup_body(at="S1" if number % 2 else "S9")) for number in range(20))
    )
    assert [answer.status_code for answer in answers] == [422, 202] * 10


@pytest.mark.parametrize(
    ("step", "body", "pointer"),
    [
        ("cancel", {}, "/reason"),
        ("cancel", {"reason": "x", "lines": []}, "/lines"),
        ("cancel", {"reason": "x", "lines": [{"sku": "B", "quantity": 1}]}, "/lines/0/sku"),
        ("cancel", {"reason": "x", "lines": [{"sku": "A", "quantity": 1}] * 2}, "/lines/1/sku"),
        ("returns", {"location_id": "S1", "lines": [{"sku": "B", "quantity": 1}]}, "/lines/0/sku"),
        (
            "returns",
            {"location_id": "S1", "lines": [{"sku": "A", "quantity": 1, "condition": "new"}]},
            "/lines/0/condition",
        ),
        ("shipments", {"location_id": "no place", "lines": [{"sku": "A", "quantity": 1}]}, "/location_id"),
    ],
)
async def test_a_step_that_cannot_be_accepted_is_named(
    orders: OrdersService, step: str, body: dict[str, Any], pointer: str
) -> None:
    order_id = await orders.placed(ship_body())
    answer = await orders.operator.post(f"/v1/orders/{order_id}/{step}", json=body)
    assert answer.status_code == 422, answer.text
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]


async def test_filters_that_cannot_be_accepted_are_named(orders: OrdersService) -> None:
    for name, value in (("state", "lost"), ("limit", "0"), ("cursor", "???"), ("member_id", "\0"), ("channel", "a b")):
        answer = await orders.operator.get("/v1/orders", params={name: value})
        assert answer.status_code == 422, name
        assert [fault["pointer"] for fault in answer.json()["errors"]] == [f"/query/{name}"]
