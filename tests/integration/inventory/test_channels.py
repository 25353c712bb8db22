"""Channels see and sell what their limits leave them, under concurrency."""

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.contracts import channels
from tests.conditions import eventually_async
from tests.integration.inventory.channels import answered, buy, limit, put, seen, step
from tests.integration.inventory.conftest import Inventory, Start


async def test_a_marketplace_capped_at_5_sells_5_to_100_at_once_while_web_goes_on_selling(
    start_inventory: Start,
) -> None:
    async with start_inventory() as one, start_inventory() as two:
        await one.stock("A", S1=60, S2=60)
        await limit(one, {"sku": "A", "cap": 5})
        both = (one, two)
        market = [buy(both[number % 2]) for number in range(100)]
        web = [both[number % 2].reserve("A", 1) for number in range(100)]
        sold, elsewhere = await asyncio.gather(asyncio.gather(*market), asyncio.gather(*web))
        assert Counter(answer.status_code for answer in sold) == {201: 5, 409: 95}
        assert Counter(answer.status_code for answer in elsewhere) == {201: 100}
        refused = next(answer.json() for answer in sold if answer.status_code == 409)
        assert refused["code"] == "insufficient_stock"
        assert refused["shortages"] == [{"sku": "A", "requested": 1, "available": 0}]
        assert await seen(one) == {"all": 0, "S1": 0, "S2": 0}
        assert (await seen(one, channel="web"))["all"] == 15
        assert await one.violations() == []


async def test_under_a_cap_what_is_given_back_or_lapses_comes_back_and_what_was_handed_over_stays_spent(
    inventory: Inventory,
) -> None:
    await inventory.stock("A", S1=20)
    await limit(inventory, {"sku": "A", "cap": 3})
    fulfilled, released = [await buy(inventory) for _ in range(2)]
    await buy(inventory, ttl_seconds=60)
    assert (await buy(inventory)).status_code == 409
    await step(inventory, fulfilled, "confirm", "fulfil")
    await step(inventory, released, "release", "release")
    assert (await seen(inventory))["all"] == 1
    inventory.clock.advance(timedelta(seconds=61))

    async def has_lapsed() -> bool:
        return (await seen(inventory))["all"] == 2

    await eventually_async(has_lapsed)
    assert (await buy(inventory, 2)).status_code == 201
    assert (await buy(inventory)).status_code == 409
    (shown,) = (await inventory.operator.get("/v1/channels/market")).json()["limits"]
    assert (shown["cap"], shown["promised"]) == (3, 3)


async def test_a_cap_that_lost_count_is_found_by_whoever_verifies(start_inventory: Start) -> None:
    async with start_inventory() as inventory:
        await inventory.stock("A", S1=20)
        await limit(inventory, {"sku": "A", "cap": 3})
        assert (await buy(inventory, 2)).status_code == 201
        async with inventory.database.transaction() as transaction:
            await transaction.exec_driver_sql("UPDATE cap_promises SET promised = 1")
        (found,) = await inventory.violations()
        assert found.endswith("of A: 1 counted, 2 promised")


async def test_a_cap_that_is_raised_goes_on_counting_and_one_that_is_set_anew_begins_again(
    inventory: Inventory,
) -> None:
    await inventory.stock("A", S1=20)
    await limit(inventory, {"cap": 2})
    assert (await buy(inventory, 2)).status_code == 201
    await limit(inventory, {"cap": 3})
    assert (await seen(inventory))["all"] == 1
    await limit(inventory, {"cap": 1})
    assert (await seen(inventory))["all"] == 0
    await limit(inventory)
    assert (await seen(inventory))["all"] == 18
    await limit(inventory, {"cap": 2})
    assert (await buy(inventory, 3)).status_code == 409
    assert (await buy(inventory, 2)).status_code == 201


async def test_a_cap_of_a_group_counts_its_places_together_and_leaves_the_others_alone(inventory: Inventory) -> None:
    await inventory.stock("A", S1=5, S2=5, S3=5)
    for place in ("S1", "S2"):
        await inventory.add_store(place, groups=["tokyo"])
    await limit(inventory, {"location_group": "tokyo", "cap": 4})
    assert await seen(inventory) == {"all": 9, "S1": 4, "S2": 4, "S3": 5}
    in_tokyo = {"policy": "in_order", "candidates": ["S1", "S2"]}
    assert (await buy(inventory, 5, sourcing=in_tokyo)).status_code == 409
    assert (await buy(inventory, 3, sourcing=in_tokyo)).status_code == 201
    assert (await buy(inventory, 7)).status_code == 409
    held = await buy(inventory, 6, sourcing={"policy": "in_order", "candidates": ["S2", "S3"]})
    assert [(share["location_id"], share["quantity"]) for share in held.json()["allocations"]] == [("S2", 1), ("S3", 5)]


async def test_a_channel_is_shown_at_each_place_exactly_what_it_can_reserve_there(inventory: Inventory) -> None:
    await inventory.stock("A", S1=10, S2=10, S3=1, S4=7)
    await inventory.add_store("S2", groups=["outlets"])
    await limit(inventory, {"buffer": 2, "share": 0.29}, {"location_group": "outlets", "share": 1, "buffer": 3})
    shown = await seen(inventory)
    assert shown == {"all": 11, "S1": 2, "S2": 7, "S3": 0, "S4": 2}
    for place in ("S1", "S2", "S3", "S4"):
        only = {"candidates": [place]}
        assert (await buy(inventory, shown[place] + 1, sourcing=only)).status_code == 409
        if shown[place]:
            assert (await buy(inventory, shown[place], sourcing=only)).status_code == 201
    assert (await seen(inventory, channel=None))["all"] == 28 - 11
    assert (await seen(inventory, channel="never-put"))["all"] == 28 - 11


async def test_a_closed_channel_sees_and_gets_nothing_until_it_is_opened(inventory: Inventory) -> None:
    await inventory.stock("A", S1=5)
    await put(inventory)
    held = await buy(inventory)
    for _ in range(2):
        closed = await inventory.operator.post("/v1/channels/market/close")
        assert (closed.status_code, closed.json()["open"]) == (200, False)
    assert await seen(inventory) == {"all": 0, "S1": 0}
    for sku in ("A", "unheard-of"):
        refused = await buy(inventory, sku=sku)
        assert (refused.status_code, refused.json()["code"]) == (409, "channel_closed")
    assert (await inventory.reserve("A", 1)).status_code == 201
    await step(inventory, held, "confirm", "fulfil")

    assert (await put(inventory, limits=[{"buffer": 1}])).json()["open"] is False
    (await inventory.operator.post("/v1/channels/market/open")).raise_for_status()
    assert await seen(inventory) == {"all": 2, "S1": 2}
    assert (await buy(inventory)).status_code == 201


async def test_a_hold_lasts_as_long_as_its_channel_says_unless_it_says_so_itself(inventory: Inventory) -> None:
    await inventory.stock("A", S1=5)
    await put(inventory, hold_seconds=90)
    for asked, seconds in (({}, 90), ({"ttl_seconds": 30}, 30), ({"channel": "web"}, 900)):
        held = (await buy(inventory, **asked)).json()
        lasts = datetime.fromisoformat(held["expires_at"]) - datetime.fromisoformat(held["created_at"])
        assert lasts == timedelta(seconds=seconds)


async def test_a_channel_is_announced_as_it_is(inventory: Inventory) -> None:
    created = await put(inventory, hold_seconds=600, limits=[{"sku": "A", "share": 0.3}, {"cap": 5}])
    assert created.status_code == 201
    assert (await put(inventory, name="Market", limits=[{"cap": 6}])).status_code == 200
    (await inventory.operator.post("/v1/channels/market/close")).raise_for_status()
    await answered(inventory, channels.CHANGED, "market")
    ends = await inventory.bus.end_offsets(channels.TOPIC)
    told = [
        channels.CHANGED.data.model_validate_json(record.message.value)
        async for record in inventory.bus.read(channels.TOPIC, {}, ends)
    ]
    assert [(channel.name, channel.open, len(channel.limits)) for channel in told] == [
        ("market", True, 2),
        ("Market", True, 1),
        ("Market", False, 1),
    ]
    assert [(one["channel"], one["open"]) for one in await listed(inventory)] == [("market", False)]


async def listed(inventory: Inventory) -> list[dict[str, Any]]:
    """All channels, page by page."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        params: dict[str, Any] = {"limit": 1} | ({"cursor": cursor} if cursor else {})
        page = (await inventory.operator.get("/v1/channels", params=params)).json()
        found += page["items"]
        cursor = page.get("next_cursor")
        if cursor is None:
            return found


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({"limits": [{"sku": "A"}]}, "/limits/0"),
        ({"limits": [{"share": 1.5}]}, "/limits/0/share"),
        ({"limits": [{"cap": -1}]}, "/limits/0/cap"),
        ({"limits": [{"cap": 1}, {"buffer": 1}]}, ""),
        ({"limits": [{"cap": 1, "location": "S1"}]}, "/limits/0/location"),
        ({"hold_seconds": 100_000}, "/hold_seconds"),
    ],
)
async def test_a_channel_that_makes_no_sense_is_refused_with_the_place(
    inventory: Inventory, members: dict[str, Any], pointer: str
) -> None:
    refused = await put(inventory, **members)
    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]


async def test_only_an_operator_changes_channels_and_an_unknown_one_cannot_be_closed(inventory: Inventory) -> None:
    async with inventory.client("storefront") as storefront:
        assert (await storefront.put("/v1/channels/market", json={"name": "market"})).status_code == 403
        assert (await storefront.post("/v1/channels/market/close")).status_code == 403
        assert (await storefront.get("/v1/channels")).status_code == 200
    for answer in (
        await inventory.operator.get("/v1/channels/market"),
        await inventory.operator.post("/v1/channels/market/close"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
