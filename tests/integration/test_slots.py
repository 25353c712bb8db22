"""Slots over the whole house: an order is confirmed once it has both its stock and its place in a half hour."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from shared.contracts.values import rfc3339
from tests.conditions import eventually_async
from tests.integration.errands import PRICE, SHOP, lines
from tests.integration.served import Served, served

CUSTOMERS = 500
PLACES = 20
STOCK = 1_000
ALL_DAY = [{"opens": "00:00", "closes": "24:00"}]
WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
PATH = "/orders/v1/orders"


@pytest.fixture
async def zaiko(database_url: str) -> AsyncIterator[Served]:
    """A shop that never closes, with tea for everybody."""
    async with served(database_url) as zaiko:
        place = {"name": SHOP, "kind": "store", "time_zone": "Asia/Tokyo", "latitude": 35.67, "longitude": 139.76}
        await zaiko.ask("PUT", f"/inventory/v1/locations/{SHOP}", place | {"ships": False, "offers_pickup": True})
        await zaiko.ask("PUT", "/inventory/v1/items/tea", {"name": "tea"})
        receipt = {"id": "1", "kind": "receipt", "sku": "tea", "location_id": SHOP, "quantity": STOCK}
        receipt |= {"occurred_at": "2026-11-01T00:00:00Z"}
        await zaiko.ask("POST", "/inventory/v1/stock/movements", {"movements": [receipt]})
        yield zaiko


async def offer_slots(zaiko: Served, capacity: int) -> list[datetime]:
    """Put the shop's profile; the beginnings of the slots that its options show then."""
    profile = {
        "opening_hours": dict.fromkeys(WEEK, ALL_DAY),
        "pickers": 2,
        "picking": {"seconds_per_order": 60, "seconds_per_line": 30},
        "slot_capacity": capacity,
    }
    await zaiko.ask("PUT", f"/pickup/v1/stores/{SHOP}", profile)
    return await slots_shown(zaiko)


async def slots_shown(zaiko: Served) -> list[datetime]:
    return [datetime.fromisoformat(slot["starts_at"]) for slot in (await offer(zaiko))["slots"]]


async def offer(zaiko: Served, **asked: Any) -> dict[str, Any]:
    """What the shop offers to a customer nearby, once pickup has heard of the shop."""
    found: list[dict[str, Any]] = []
    cart = {"lines": lines("tea", 1), "near": {"latitude": 35.67, "longitude": 139.76}} | asked

    async def is_known() -> bool:
        found[:] = (await zaiko.ask("POST", "/pickup/v1/pickup-options", cart))["items"]
        return bool(found)

    await eventually_async(is_known)
    return found[0]


async def order(zaiko: Served, starts_at: datetime, quantity: int = 1) -> httpx.Response:
    """The decision: what is pending when the wait is over is placed again, and the first order answers."""
    body = {
        "channel": "web",
        "external_id": str(uuid4()),
        "currency": "JPY",
        "lines": [{"sku": "tea", "quantity": quantity, "unit_price": PRICE}],
        "fulfilment": {"method": "pickup", "location_id": SHOP, "slot": {"starts_at": rfc3339(starts_at)}},
    }
    while True:
        answer = await zaiko.answer("POST", PATH, body, role="storefront", headers={"prefer": "wait=10"})
        if answer.status_code != 202:
            return answer


async def reserved(zaiko: Served) -> int:
    (level,) = (await zaiko.ask("GET", "/inventory/v1/stock/tea"))["locations"]
    return int(level["reserved"])


async def is_reserved(zaiko: Served, units: int) -> None:
    async def holds() -> bool:
        return await reserved(zaiko) == units

    await eventually_async(holds)


async def test_of_500_customers_20_get_the_last_places_of_a_slot_and_480_are_told_the_next(zaiko: Served) -> None:
    slot, following, *_ = await offer_slots(zaiko, PLACES)

    answers = await asyncio.gather(*(order(zaiko, slot) for _ in range(CUSTOMERS)))

    told = Counter((answer.is_success, answer.json().get("code")) for answer in answers)
    assert told == {(True, None): PLACES, (False, "slot_full"): CUSTOMERS - PLACES}
    for answer in answers:
        if answer.status_code == 409:
            first = answer.json()["next_slots"][0]
            assert datetime.fromisoformat(first["starts_at"]) == following
            assert datetime.fromisoformat(first["ends_at"]) == following + timedelta(minutes=30)
        else:
            bags = await zaiko.ask("GET", f"/pickup/v1/pickups?order_id={answer.json()['order_id']}")
            assert [bag["due_at"] for bag in bags["items"]] in ([], [rfc3339(slot)])
    await is_reserved(zaiko, PLACES)
    assert (await slots_shown(zaiko))[0] == following
    await zaiko.invariants_hold()


async def test_a_place_is_free_again_when_its_order_goes(zaiko: Served) -> None:
    slot, *_ = await offer_slots(zaiko, 1)
    first = await order(zaiko, slot)
    assert first.status_code == 201, first.text
    assert (await order(zaiko, slot)).json()["code"] == "slot_full"

    await zaiko.ask("POST", f"{PATH}/{first.json()['order_id']}/cancel", {"reason": "changed my mind"})

    async def is_offered_again() -> bool:
        return slot in await slots_shown(zaiko)

    await eventually_async(is_offered_again)
    assert (await order(zaiko, slot)).status_code == 201
    await is_reserved(zaiko, 1)
    await zaiko.invariants_hold()


async def test_without_stock_there_is_no_order_and_its_place_is_free(zaiko: Served) -> None:
    slot, *_ = await offer_slots(zaiko, 1)
    refused = await order(zaiko, slot, quantity=STOCK + 1)
    assert (refused.status_code, refused.json()["code"]) == (409, "insufficient_stock")

    async def is_offered_again() -> bool:
        return slot in await slots_shown(zaiko)

    await eventually_async(is_offered_again)
    await zaiko.invariants_hold()


async def test_a_time_that_is_no_slot_is_refused_with_those_that_are(zaiko: Served) -> None:
    slot, *_ = await offer_slots(zaiko, 1)
    refused = await order(zaiko, slot + timedelta(minutes=10))
    assert (refused.status_code, refused.json()["code"]) == (409, "slot_not_offered")
    assert refused.json()["next_slots"]
    shown = await zaiko.ask("GET", f"{PATH}/{refused.json()['order_id']}")
    assert shown["rejection"]["code"] == "slot_not_offered"
    assert shown["timeline"][-1]["cause"] == "zaiko.pickup.slot_refused.v1"
    await is_reserved(zaiko, 0)
    await zaiko.invariants_hold()


async def test_a_channel_is_offered_what_it_may_see(zaiko: Served) -> None:
    unseen = {"name": "Food delivery", "limits": [{"buffer": STOCK - 1}]}
    await zaiko.ask("PUT", "/inventory/v1/channels/delivery", unseen)
    seen = {channel: await offer(zaiko, lines=lines("tea", 2), channel=channel) for channel in ("web", "delivery")}
    assert {channel: store["lines"][0]["available"] for channel, store in seen.items()} == {"web": STOCK, "delivery": 1}
    assert {channel: store["available"] for channel, store in seen.items()} == {"web": "all", "delivery": "some"}
