"""Routing policies as data: what inventory is asked follows them from the next order on."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from shared.contracts import orders as contract
from shared.contracts.reservations import Sourcing
from tests.integration.orders.service import OrdersService, held, line, location, oversold, pickup_body, ship_body

SHIBUYA = {"latitude": 35.658, "longitude": 139.7016}
STORES_FIRST = {
    "rules": [
        {
            "name": "stores nearby",
            "filters": [
                {"filter": "kind", "kinds": ["store"]},
                {"filter": "within_km", "km": 100},
                {"filter": "keep_back", "units": 2},
            ],
            "rankings": [{"rank": "distance", "step_km": 50}, {"rank": "deepest_stock"}],
        },
        {"filters": [{"filter": "kind", "kinds": ["warehouse"]}]},
    ],
    "split": "never",
}
WITH_ROOM = {"rules": [{"filters": [{"filter": "capacity_left"}], "rankings": [{"rank": "distance"}]}]}


async def put_policy(orders: OrdersService, channel: str, body: dict[str, Any]) -> httpx.Response:
    return await orders.operator.put(f"/v1/routing-policies/{channel}", json=body)


async def put_capacity(orders: OrdersService, location_id: str, **body: Any) -> httpx.Response:
    return await orders.operator.put(f"/v1/fulfilment-capacities/{location_id}", json=body)


async def asked(orders: OrdersService, body: dict[str, Any]) -> Sourcing:
    """What inventory is asked for the order."""
    order_id = await orders.placed(body)
    (told,) = await orders.announced(contract.PLACED, order_id)
    return told.sourcing


async def test_a_channel_without_a_policy_has_the_default(orders: OrdersService) -> None:
    shown = (await orders.operator.get("/v1/routing-policies/web")).json()
    assert (shown["channel"], shown["is_default"], shown["updated_at"]) == ("web", True, None)
    assert shown["rules"][0]["rankings"] == [
        {"rank": "kind", "order": ["warehouse", "store"]},
        {"rank": "distance", "step_km": None},
    ]
    sourcing = await asked(orders, ship_body())
    assert (sourcing.policy, sourcing.candidates) == ("fewest_splits", ["W1", "S1", "S2"])
    assert (sourcing.keep_back, sourcing.tiers) == ({}, [])


async def test_a_policy_decides_from_the_next_order_of_its_channel_on_and_of_no_other(orders: OrdersService) -> None:
    await orders.applied(location("S3", **SHIBUYA))
    first = await put_policy(orders, "web", STORES_FIRST)
    assert (first.status_code, (await put_policy(orders, "web", STORES_FIRST)).status_code) == (201, 200)
    shown = first.json()
    assert [rule["name"] for rule in shown["rules"]] == ["stores nearby", "rule 2"]
    kept = (await orders.operator.get("/v1/routing-policies/web")).json()
    assert kept | {"updated_at": None} == shown | {"updated_at": None}
    assert [found["channel"] for found in (await orders.operator.get("/v1/routing-policies")).json()["items"]] == [
        "web"
    ]

    sourcing = await asked(orders, ship_body())
    assert (sourcing.policy, sourcing.candidates) == ("single_location", ["S1", "S3", "W1"])
    assert (sourcing.keep_back, sourcing.tiers) == ({"S1": 2, "S3": 2}, [2, 1])
    assert (await asked(orders, ship_body(channel="app"))).candidates == ["W1", "S1", "S3", "S2"]
    assert (await asked(orders, pickup_body())).candidates == ["S1"]


async def test_an_order_that_names_how_it_may_be_split_is_taken_at_its_word(orders: OrdersService) -> None:
    await put_policy(orders, "web", {**STORES_FIRST, "split": "as_available"})
    fulfilment = ship_body()["fulfilment"]
    assert (await asked(orders, ship_body(fulfilment={**fulfilment, "policy": "fewest_splits"}))).policy == (
        "fewest_splits"
    )
    silent = await orders.place(ship_body())
    assert silent.json()["fulfilment"]["policy"] == "in_order"
    assert (await orders.get(silent.json()["order_id"]))["fulfilment"]["policy"] == "in_order"


async def test_units_that_are_sold_at_the_till_are_sourced_elsewhere_by_the_same_rules(orders: OrdersService) -> None:
    await orders.applied(location("S3", **SHIBUYA))
    await put_policy(orders, "web", STORES_FIRST)
    order_id = await orders.confirmed(ship_body(line("A", 2)), ("A", "S1", 2))
    await orders.applied(oversold(order_id, at="S1", quantity=2))
    (wish,) = await orders.announced(contract.REALLOCATION_REQUESTED, order_id)
    assert wish.sourcing is not None
    assert (wish.sourcing.policy, wish.sourcing.candidates) == ("single_location", ["S3", "W1"])
    assert wish.sourcing.keep_back == {"S3": 2}


async def test_groups_come_with_the_location_and_go_with_it(orders: OrdersService) -> None:
    await put_policy(orders, "web", {"rules": [{"filters": [{"filter": "group", "any_of": ["tokyo"]}]}]})
    await orders.applied(location("S1", groups=["flagship", "tokyo"]), location("S2", groups=["kansai"]))
    assert (await asked(orders, ship_body())).candidates == ["S1"]
    await orders.applied(location("S1"), location("S2", groups=["tokyo"]))
    assert (await asked(orders, ship_body())).candidates == ["S2"]


async def test_an_order_that_the_policy_leaves_no_place_for_is_refused_and_not_stored(orders: OrdersService) -> None:
    await put_policy(orders, "web", {"rules": [{"filters": [{"filter": "group", "any_of": ["moon"]}]}]})
    answer = await orders.place(ship_body(external_id="W-1"), wait_s=1)
    assert (answer.status_code, answer.json()["code"]) == (409, "not_sourceable")
    assert (await orders.operator.get("/v1/orders?external_id=W-1")).json()["items"] == []


async def test_a_place_takes_so_many_orders_from_its_own_midnight_on(orders: OrdersService) -> None:
    await orders.applied(location("S1", time_zone="Asia/Tokyo"))
    await put_policy(orders, "web", WITH_ROOM)
    assert (await put_capacity(orders, "S1", orders_per_day=2)).status_code == 201
    _move_to(orders, hour=21)
    for _ in range(2):
        assert "S1" in (await asked(orders, ship_body())).candidates
        await orders.confirmed(ship_body(line("A"), line("B")), ("A", "S1", 1), ("B", "S1", 1))
    assert "S1" not in (await asked(orders, ship_body())).candidates
    assert "S1" in (await asked(orders, ship_body(channel="app"))).candidates
    shown = (await orders.operator.get("/v1/fulfilment-capacities/S1")).json()
    assert (shown["orders_per_day"], shown["used_today"], shown["left_today"]) == (2, 2, 0)
    orders.clock.advance(timedelta(hours=4))
    assert "S1" in (await asked(orders, ship_body())).candidates
    assert (await orders.operator.get("/v1/fulfilment-capacities/S1")).json()["used_today"] == 0


def _move_to(orders: OrdersService, hour: int) -> None:
    """To the next time that it is so late in Tokyo."""
    here: datetime = orders.clock().astimezone(ZoneInfo("Asia/Tokyo"))
    there = here.replace(hour=hour, minute=0, second=0, microsecond=0)
    orders.clock.advance((there if there > here else there + timedelta(days=1)) - here)


async def test_what_is_cancelled_gives_the_place_of_the_day_back(orders: OrdersService) -> None:
    await put_policy(orders, "web", WITH_ROOM)
    await put_capacity(orders, "W1", orders_per_day=1)
    order_id = await orders.confirmed(ship_body(), ("A", "W1", 1))
    assert "W1" not in (await asked(orders, ship_body())).candidates
    (await orders.storefront.post(f"/v1/orders/{order_id}/cancel", json={"reason": "twice"})).raise_for_status()
    assert "W1" in (await asked(orders, ship_body())).candidates


async def test_the_cheapest_parcel_comes_first_and_costs_are_told_in_one_currency(orders: OrdersService) -> None:
    await put_policy(orders, "web", {"rules": [{"rankings": [{"rank": "cost"}]}]})
    for place, amount in {"S1": 900, "S2": 500}.items():
        await put_capacity(orders, place, cost_per_parcel={"amount": amount, "currency": "JPY"})
    assert (await asked(orders, ship_body())).candidates == ["S2", "S1", "W1"]
    other = await put_capacity(orders, "W1", cost_per_parcel={"amount": 5, "currency": "USD"})
    assert (other.status_code, other.json()["errors"][0]["pointer"]) == (422, "/cost_per_parcel/currency")
    changed = await put_capacity(orders, "S1", cost_per_parcel={"amount": 400, "currency": "JPY"})
    assert (changed.status_code, changed.json()["cost_per_parcel"]) == (200, {"amount": 400, "currency": "JPY"})
    assert (await asked(orders, ship_body())).candidates == ["S1", "S2", "W1"]
    listed = (await orders.operator.get("/v1/fulfilment-capacities?limit=1")).json()
    assert [found["location_id"] for found in listed["items"]] == ["S1"]
    following = await orders.operator.get("/v1/fulfilment-capacities", params={"cursor": listed["next_cursor"]})
    assert [found["location_id"] for found in following.json()["items"]] == ["S2"]


async def test_a_policy_that_is_none_is_refused_with_the_place_of_the_fault(orders: OrdersService) -> None:
    rules = [
        {"filters": [{"filter": "within_km", "km": 0}, {"filter": "group"}, {"filter": "weather"}]},
        {"rankings": [{"rank": "kind", "order": []}, {"rank": "distance", "step": 5}]},
    ]
    answer = await put_policy(orders, "web", {"rules": rules, "split": "sometimes"})
    assert answer.status_code == 422
    pointers = [fault["pointer"] for fault in answer.json()["errors"]]
    assert [pointer for pointer in pointers if pointer.startswith("/rules/0")] == [
        "/rules/0/filters/0/km",
        "/rules/0/filters/1/none_of",
        "/rules/0/filters/2",
    ]
    assert "/rules/1/rankings/0/order" in pointers
    assert "/split" in pointers
    assert (await put_policy(orders, "web", {"rules": []})).status_code == 422
    assert (await orders.storefront.put("/v1/routing-policies/web", json=STORES_FIRST)).status_code == 403
    assert (await orders.storefront.put("/v1/fulfilment-capacities/S1", json={})).status_code == 403
    assert (await orders.operator.get("/v1/fulfilment-capacities/S1")).status_code == 404


async def test_a_confirmation_at_a_place_that_the_day_is_full_for_stands(orders: OrdersService) -> None:
    """Capacity steers what is asked next; a promise that inventory has made is kept."""
    await put_policy(orders, "web", WITH_ROOM)
    await put_capacity(orders, "W1", orders_per_day=1)
    under_way = [await orders.placed(ship_body()) for _ in range(2)]
    await orders.applied(*(held(order_id, ("A", "W1", 1)) for order_id in under_way))
    assert {(await orders.get(order_id))["state"] for order_id in under_way} == {"confirmed"}
    shown = (await orders.operator.get("/v1/fulfilment-capacities/W1")).json()
    assert (shown["used_today"], shown["left_today"]) == (2, 0)
