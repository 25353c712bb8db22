"""Stores that will not, or cannot, give what they promised: orders repair themselves, over the whole house."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from tests.conditions import eventually_async
from tests.integration.storm.chain import PRICE, STORES, Chain, open_stores, standing

NEAR_S1 = {"method": "ship", "destination": {"country": "JP", "latitude": 35.0, "longitude": 139.0}}
AT_S1 = {"method": "pickup", "location_id": "S1", "alternatives": True}
WAIT = {"prefer": "wait=10"}


@pytest.fixture
async def chain(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Chain]:
    """Eight stores in a row, with four units of each item each; when the test is over every invariant must hold."""
    monkeypatch.setenv("ZAIKO_LAPSE_INTERVAL_SECONDS", "0.2")
    async with standing(database_url) as chain:
        await open_stores(chain)
        yield chain
        await chain.stands_on_its_invariants()


async def ordered(chain: Chain, fulfilment: dict[str, Any], **quantities: int) -> str:
    """The id of a confirmed order."""
    lines = [{"sku": sku, "quantity": units, "unit_price": PRICE} for sku, units in quantities.items()]
    body = {"channel": "web", "currency": "JPY", "lines": lines, "fulfilment": fulfilment}
    order = await chain.ask("POST", "/orders/v1/orders", body, **WAIT)
    assert order["state"] == "confirmed"
    return str(order["order_id"])


async def sold_out(chain: Chain, sku: str, *places: str) -> None:
    movements = [
        {"id": f"gone-{place}-{sku}", "kind": "count", "sku": sku, "location_id": place, "quantity": 0}
        | {"occurred_at": chain.now()}
        for place in places
    ]
    await chain.ask("POST", "/inventory/v1/stock/movements", {"movements": movements})


async def is_promised_from(chain: Chain, order_id: str, **units: int) -> None:
    """Wait until the open units of the order are promised from these places, so many from each."""

    async def it_is() -> bool:
        shares = (await chain.order(order_id))["allocations"]
        found = {share["location_id"]: share["quantity"] - share["cancelled"] for share in shares}
        return {place: count for place, count in found.items() if count} == units

    it_is.__qualname__ = f"{order_id} is promised {units}"
    await eventually_async(it_is)


async def bag_at(chain: Chain, order_id: str, place: str) -> str:
    """The path of the order's bag at a store, once that has been asked for it."""
    found: list[dict[str, Any]] = []

    async def is_there() -> bool:
        found[:] = [bag for bag in await chain.bags(order_id=order_id) if bag["location_id"] == place]
        return bool(found)

    is_there.__qualname__ = f"{order_id} has a bag at {place}"
    await eventually_async(is_there)
    return f"/pickup/v1/pickups/{found[0]['pickup_id']}"


async def is_ready(chain: Chain, bag: str, **picked: int) -> None:
    await chain.ask("POST", f"{bag}/start")
    for sku, units in picked.items():
        await chain.ask("POST", f"{bag}/lines/{sku}/pick", {"quantity": units})
    await chain.ask("POST", f"{bag}/ready")


async def becomes(chain: Chain, order_id: str, state: str) -> dict[str, Any]:
    async def it_is() -> bool:
        return (await chain.order(order_id))["state"] == state  # type: ignore[no-any-return]

    it_is.__qualname__ = f"{order_id} is {state}"
    await eventually_async(it_is)
    return await chain.order(order_id)


async def reserved(chain: Chain, sku: str) -> int:
    levels = (await chain.ask("GET", f"/inventory/v1/stock/{sku}"))["locations"]
    return sum(level["reserved"] for level in levels)


async def test_a_rejected_order_goes_from_store_to_store_until_no_try_is_left(chain: Chain) -> None:
    order_id = await ordered(chain, NEAR_S1, tea=2)
    for place in ("S1", "S2", "S3"):
        await is_promised_from(chain, order_id, **{place: 2})
        path = f"/orders/v1/orders/{order_id}/allocations/{place}/reject"
        await chain.ask("POST", path, {"reason": "too busy"}, role="store-staff", at=place)
    await is_promised_from(chain, order_id, S4=2)
    assert await reserved(chain, "tea") == 2
    await chain.ask("POST", f"/orders/v1/orders/{order_id}/allocations/S4/reject", {"reason": "damaged"})
    order = await becomes(chain, order_id, "cancelled")
    assert [step["reason"] for step in order["timeline"]][2:] == [
        "S1: too busy; 2 of tea wanted from elsewhere",
        "2 of tea from S2 instead of S1",
        "S2: too busy; 2 of tea wanted from elsewhere",
        "2 of tea from S3 instead of S2",
        "S3: too busy; 2 of tea wanted from elsewhere",
        "2 of tea from S4 instead of S3",
        "S4: damaged; no try is left for 2 of tea",
    ]

    async def nothing_is_reserved() -> bool:
        return await reserved(chain, "tea") == 0

    await eventually_async(nothing_is_reserved)


async def test_a_part_that_a_store_has_not_comes_from_the_next_one_and_leaves_in_a_parcel_of_its_own(
    chain: Chain,
) -> None:
    order_id = await ordered(chain, NEAR_S1, tea=2, rice=1)
    path = f"/orders/v1/orders/{order_id}"
    part = {"lines": [{"sku": "tea", "quantity": 1}], "reason": "one is broken"}
    await chain.ask("POST", f"{path}/allocations/S1/reject", part, role="store-staff", at="S1")
    await becomes_split(chain, order_id)
    first = [{"sku": "tea", "quantity": 1}, {"sku": "rice", "quantity": 1}]
    await chain.ask("POST", f"{path}/shipments", {"location_id": "S1", "lines": first})
    order = await chain.order(order_id)
    assert order["state"] == "partially_shipped"
    assert {line["sku"]: line["state"] for line in order["lines"]} == {"tea": "partially_shipped", "rice": "shipped"}
    rest = {"location_id": "S2", "lines": [{"sku": "tea", "quantity": 1}]}
    await chain.ask("POST", f"{path}/shipments", rest)
    assert (await chain.order(order_id))["state"] == "completed"


async def becomes_split(chain: Chain, order_id: str) -> None:
    async def it_is() -> bool:
        shares = (await chain.order(order_id))["allocations"]
        return {(share["location_id"], share["sku"], share["quantity"]) for share in shares} == {
            ("S1", "tea", 1),
            ("S2", "tea", 1),
            ("S1", "rice", 1),
        }

    await eventually_async(it_is)


async def test_a_bag_that_a_store_gives_up_is_collected_at_the_nearest_other_store_that_has_all_of_it(
    chain: Chain,
) -> None:
    await sold_out(chain, "rice", "S2")
    order_id = await ordered(chain, AT_S1, tea=2, rice=1)
    first = await bag_at(chain, order_id, "S1")
    await chain.ask("POST", f"{first}/start")
    await chain.ask("POST", f"{first}/cancel", {"reason": "the store is flooded"})
    second = await bag_at(chain, order_id, "S3")
    order = await chain.order(order_id)
    assert (order["state"], order["fulfilment"]["location_id"]) == ("confirmed", "S3")
    await chain.ask(
        "POST", f"/orders/v1/orders/{order_id}/amend", {"lines": [{"sku": "tea", "quantity": 1}], "reason": "one"}
    )

    async def one_is_wanted() -> bool:
        bag = await chain.ask("GET", second)
        return {line["sku"]: line["quantity"] - line["cancelled"] for line in bag["lines"]} == {"tea": 1, "rice": 1}

    await eventually_async(one_is_wanted)
    await is_ready(chain, second, tea=1, rice=1)
    code = (await chain.ask("GET", second))["code"]
    await chain.ask("POST", f"{second}/collect", {"code": code})
    order = await becomes(chain, order_id, "completed")
    assert {line["sku"]: line["state"] for line in order["lines"]} == {"tea": "collected", "rice": "collected"}


async def test_a_store_that_rejects_or_finds_nothing_hands_its_bag_on_until_a_customer_does_not_come(
    chain: Chain,
) -> None:
    order_id = await ordered(chain, AT_S1, tea=1)
    await bag_at(chain, order_id, "S1")
    path = f"/orders/v1/orders/{order_id}/allocations/S1/reject"
    await chain.ask("POST", path, {"reason": "closed early"}, role="store-staff", at="S1")
    second = await bag_at(chain, order_id, "S2")
    await chain.ask("POST", f"{second}/start")
    await chain.ask("POST", f"{second}/lines/tea/short", {"missing": 1, "reason": "not on the shelf"})
    third = await bag_at(chain, order_id, "S3")
    await is_ready(chain, third, tea=1)
    await becomes(chain, order_id, "ready_for_pickup")
    chain.clock.advance(timedelta(hours=100))
    fourth = await bag_at(chain, order_id, "S4")
    assert (await chain.order(order_id))["state"] == "confirmed"
    await is_ready(chain, fourth, tea=1)
    chain.clock.advance(timedelta(hours=100))
    order = await becomes(chain, order_id, "cancelled")
    assert order["timeline"][-1]["reason"] == "not collected in time; no try is left for 1 of tea"
    assert len(await chain.bags(order_id=order_id)) == 4


async def test_where_no_other_store_has_it_the_order_is_cancelled_and_says_why(chain: Chain) -> None:
    await sold_out(chain, "tea", *STORES[1:])
    order_id = await ordered(chain, AT_S1, tea=1)
    bag = await bag_at(chain, order_id, "S1")
    await chain.ask("POST", f"{bag}/cancel", {"reason": "damaged"})
    order = await becomes(chain, order_id, "cancelled")
    assert [step["reason"] for step in order["timeline"]][-2:] == [
        "damaged; 1 of tea wanted from elsewhere",
        "1 of tea not given by S1, and no other place has it",
    ]
