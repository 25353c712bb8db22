"""Order at a store that has too little: the rest is sent there, over the whole house."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.pickup.domain.calendar import Calendar
from tests.conditions import eventually_async
from tests.integration.sending import (
    FAR,
    NEAR,
    STORE,
    bag_of,
    becomes,
    collected,
    draft,
    is_promised,
    levels_are,
    one_transfer,
    open_house,
    ordered,
    promised,
    receive,
    send,
    sourcing_draft,
    stocked,
    transfers,
)
from tests.integration.served import Served


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[Served]:
    async with open_house(database_url) as house:
        yield house


async def test_what_the_store_has_not_is_sent_to_it_and_collected_there(house: Served) -> None:
    await stocked(house, "tea", S1=1, W1=5)
    order = await ordered(house, tea=3)
    bag = await bag_of(house, order)
    assert await promised(house, order) == {STORE: 1, NEAR: 2}
    shown = await house.ask("GET", bag)
    assert (shown["lines"][0]["quantity"], shown["lines"][0]["arriving"]) == (3, 2)
    await house.invariants_hold()

    transfer = await one_transfer(house, NEAR)
    assert (await house.ask("GET", transfer))["lines"] == [{"sku": "tea", "quantity": 2, "cancelled": 0, "sent": 0}]
    refused = await house.answer("POST", f"{transfer}/send", role="store-staff", location_id=STORE)
    assert refused.status_code == 403
    await send(house, transfer, NEAR)
    await levels_are(house, "tea", S1=(1, 1, 2), W1=(3, 0, 0))
    await is_promised(house, order, S1=3)
    await house.invariants_hold()

    await house.ask("POST", f"{bag}/start")
    await house.ask("POST", f"{bag}/lines/tea/pick", {"quantity": 1})
    too_early = await house.answer("POST", f"{bag}/ready")
    assert (too_early.status_code, too_early.json()["arriving"]) == (409, [{"sku": "tea", "quantity": 2}])
    not_here = await house.answer("POST", f"{bag}/lines/tea/pick", {"quantity": 1})
    assert not_here.status_code == 422

    await receive(house, transfer)
    await levels_are(house, "tea", S1=(3, 3, 0), W1=(3, 0, 0))
    await house.invariants_hold()

    await collected(house, bag, tea=2)
    done = await becomes(house, order, state="completed")
    assert done["lines"][0]["collected"] == 3
    await levels_are(house, "tea", S1=(0, 0, 0), W1=(3, 0, 0))
    ledger = (await house.ask("GET", "/inventory/v1/stock/tea/ledger?location_id=S1"))["items"]
    assert [entry["kind"] for entry in ledger] == ["fulfilment", "transfer_receipt", "receipt"]


async def test_a_bag_is_due_once_its_units_have_travelled_and_the_store_has_opened(house: Served) -> None:
    await stocked(house, "tea", W1=5)
    bag = await bag_of(house, await ordered(house, tea=1))
    transfer = await house.ask("GET", await one_transfer(house, NEAR))
    shown = await house.ask("GET", bag)
    arrives, due = (datetime.fromisoformat(at) for at in (transfer["due_at"], shown["due_at"]))
    assert arrives - datetime.fromisoformat(transfer["requested_at"]) == timedelta(hours=24)
    hours = {day: ((time(10), time(20)),) for day in range(7)}
    picking = timedelta(seconds=90)
    assert due == Calendar(ZoneInfo("Asia/Tokyo"), hours).after_open_time(arrives, picking)


async def test_what_is_cancelled_while_it_travels_arrives_as_free_stock(house: Served) -> None:
    await stocked(house, "tea", W1=5)
    order = await ordered(house, tea=3)
    bag = await bag_of(house, order)
    transfer = await one_transfer(house, NEAR)
    await send(house, transfer, NEAR)
    await is_promised(house, order, S1=3)
    await house.ask("POST", f"{order}/cancel", {"lines": [{"sku": "tea", "quantity": 1}], "reason": "two are enough"})

    async def two_arrive() -> bool:
        return (await house.ask("GET", bag))["lines"][0]["arriving"] == 2  # type: ignore[no-any-return]

    await eventually_async(two_arrive)
    await house.invariants_hold()
    await receive(house, transfer)
    await levels_are(house, "tea", S1=(3, 2, 0), W1=(2, 0, 0))
    await house.ask("POST", f"{bag}/start")
    await collected(house, bag, tea=2)
    await becomes(house, order, state="completed")
    await levels_are(house, "tea", S1=(1, 0, 0))


async def test_an_order_that_is_cancelled_takes_back_what_has_not_left_and_receives_what_has(house: Served) -> None:
    await stocked(house, "tea", W1=1, W2=1)
    order = await ordered(house, tea=2)
    first, second = await one_transfer(house, NEAR), await one_transfer(house, FAR)
    await send(house, first, NEAR)
    await house.ask("POST", f"{order}/cancel", {"reason": "no time"})
    await becomes(house, second, state="cancelled")
    await becomes(house, await bag_of(house, order), state="cancelled")
    refused = await house.answer("POST", f"{second}/send", role="store-staff", location_id=FAR)
    assert (refused.status_code, refused.json()["code"]) == (409, "illegal_transition")
    await receive(house, first)
    await levels_are(house, "tea", S1=(1, 0, 0), W1=(0, 0, 0), W2=(1, 0, 0))


async def test_a_short_pick_asks_the_next_nearest_place_at_once_and_the_same_bag_waits_for_it(house: Served) -> None:
    await stocked(house, "tea", S1=1, W2=3)
    order = await ordered(house, tea=1)
    bag = await bag_of(house, order)
    await house.ask("POST", f"{bag}/start")
    short = await house.ask("POST", f"{bag}/lines/tea/short", {"missing": 1, "reason": "not on the shelf"})
    assert short["state"] == "picking"
    transfer = await one_transfer(house, FAR)
    await is_promised(house, order, W2=1)
    (line,) = (await house.ask("GET", bag))["lines"]
    assert (line["arriving"], line["short"]) == (1, 0)
    await send(house, transfer, FAR)
    await receive(house, transfer)
    await collected(house, bag, tea=1)
    await becomes(house, order, state="completed")


async def test_a_place_that_will_not_send_is_replaced_by_the_next_one(house: Served) -> None:
    await stocked(house, "tea", W1=2, W2=2)
    order = await ordered(house, tea=2)
    first = await one_transfer(house, NEAR)
    path = f"{order}/allocations/{NEAR}/reject"
    await house.ask("POST", path, {"reason": "damaged"}, role="store-staff", location_id=NEAR)
    await one_transfer(house, FAR)
    await becomes(house, first, state="cancelled")
    await is_promised(house, order, W2=2)
    await house.ask("POST", f"{order}/allocations/{FAR}/reject", {"reason": "damaged"})
    await becomes(house, order, state="cancelled")
    await becomes(house, await bag_of(house, order), state="cancelled")


async def test_where_no_other_place_has_it_a_short_pick_ends_the_order(house: Served) -> None:
    await stocked(house, "tea", S1=1)
    order = await ordered(house, tea=1)
    bag = await bag_of(house, order)
    await house.ask("POST", f"{bag}/start")
    await house.ask("POST", f"{bag}/lines/tea/short", {"missing": 1, "reason": "not on the shelf"})
    await becomes(house, order, state="cancelled")
    await becomes(house, bag, state="cancelled")


async def test_it_goes_together_with_neither_a_slot_nor_another_store_nor_waiting(house: Served) -> None:
    await stocked(house, "tea", W1=1)
    body = draft(tea=1)
    slot = {"slot": {"starts_at": "2017-11-21T10:00:00Z"}}
    refusals = {
        "/fulfilment/alternatives": body | {"fulfilment": body["fulfilment"] | {"alternatives": True}},
        "/fulfilment/slot": body | {"fulfilment": body["fulfilment"] | slot},
        "/backorder": body | {"backorder": True},
    }
    for pointer, asked in refusals.items():
        refused = await house.answer("POST", "/orders/v1/orders", asked)
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["pointer"] == pointer


async def test_the_options_say_what_could_be_sent_to_each_store_and_when_it_is_ready_then(house: Served) -> None:
    await stocked(house, "tea", S1=1, W1=1)
    await stocked(house, "rice", S1=9)
    lines = [{"sku": "tea", "quantity": 3}, {"sku": "rice", "quantity": 1}]
    basket: dict[str, Any] = {"lines": lines, "near": {"latitude": 35.0, "longitude": 139.0}}
    found: list[dict[str, Any]] = []

    async def places_are_known() -> bool:
        answer = await house.ask("POST", "/pickup/v1/pickup-options", basket | {"ship_to_store": True})
        found[:] = answer["items"]
        return bool(found) and found[0]["by_transfer"] is not None

    await eventually_async(places_are_known)
    (store,) = found
    assert store["by_transfer"]["available"] == "some"
    arriving = {line["sku"]: line["arriving"] for line in store["by_transfer"]["lines"]}
    assert arriving == {"tea": 1, "rice": 0}
    assert store["by_transfer"]["ready_by"] > store["ready_by"]
    (unasked,) = (await house.ask("POST", "/pickup/v1/pickup-options", basket))["items"]
    assert unasked["by_transfer"] is None


async def test_the_preview_names_the_places_that_would_send(house: Served) -> None:
    await stocked(house, "tea", S1=1, W2=3)
    preview = await house.ask("POST", "/orders/v1/sourcing/preview", sourcing_draft(tea=2))
    assert preview["plan"]["candidates"] == [STORE, NEAR, FAR]
    verdicts = {place["location_id"]: place["verdict"] for place in preview["places"]}
    assert verdicts == {STORE: "chosen", NEAR: "lacks_stock", FAR: "chosen"}


ORDERS = 24
TOUCHES = 8
"""So often something happens to each order."""


async def test_whatever_happens_to_many_orders_at_the_same_moment_every_promise_is_where_its_units_are(
    house: Served,
) -> None:
    await stocked(house, "tea", S1=ORDERS // 2, W1=ORDERS * 2, W2=ORDERS)
    chance = Random(22)
    orders = await asyncio.gather(*(ordered(house, tea=chance.randint(1, 3)) for _ in range(ORDERS)))

    async def live_through(order: str) -> None:
        bag = await bag_of(house, order)
        await house.ask("POST", f"{bag}/start")
        one = [{"sku": "tea", "quantity": 1}]
        happenings: list[tuple[str, Any]] = [
            (f"{bag}/lines/tea/pick", {"quantity": 1}),
            (f"{bag}/lines/tea/short", {"missing": 1, "reason": "not on the shelf"}),
            (f"{order}/cancel", {"lines": one, "reason": "one less"}),
            (f"{order}/allocations/{NEAR}/reject", {"lines": one, "reason": "damaged"}),
            ("send", None),
            ("receive", None),
        ]
        for _ in range(TOUCHES):
            what, body = chance.choice(happenings)
            path = what if body else await a_transfer_of(house, bag, what)
            # What cannot be done any more is refused, and changes nothing.
            assert path is None or (await house.answer("POST", path, body)).status_code < 500

    await asyncio.gather(*map(live_through, orders))
    await house.invariants_hold()
    for transfer in await transfers(house, STORE, "sent"):
        await receive(house, f"/pickup/v1/transfers/{transfer['transfer_id']}")


async def a_transfer_of(house: Served, bag: str, step: str) -> str | None:
    """The path of a step that is possible with a transfer of the bag, if there is one."""
    waiting = await transfers(house, STORE, "requested" if step == "send" else "sent")
    ids = [transfer["transfer_id"] for transfer in waiting if bag.endswith(transfer["pickup_id"])]
    return f"/pickup/v1/transfers/{ids[0]}/{step}" if ids else None
