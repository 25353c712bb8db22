"""Promises: granted under the lock, kept or given back, never both."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import httpx

from tests.conditions import eventually_async
from tests.integration.inventory.conftest import Inventory, Start, till_event


async def step(inventory: Inventory, reservation_id: str, command: str, **body: object) -> httpx.Response:
    return await inventory.operator.post(f"/v1/reservations/{reservation_id}/{command}", json=body or None)


async def test_a_reservation_is_held_confirmed_and_fulfilled_and_the_unit_leaves_the_shelf(
    inventory: Inventory,
) -> None:
    await inventory.stock("A", S1=5)
    held = (await inventory.reserve("A", 2)).json()
    assert held["state"] == "held"
    assert held["allocations"] == [{"sku": "A", "location_id": "S1", "quantity": 2}]
    assert (await inventory.level("A"))["available"] == 3
    assert (await step(inventory, held["reservation_id"], "confirm")).json()["state"] == "confirmed"
    assert (await step(inventory, held["reservation_id"], "fulfil")).json()["state"] == "fulfilled"
    level = await inventory.level("A")
    assert (level["on_hand"], level["reserved"], level["available"]) == (3, 0, 3)


async def test_lines_are_fulfilled_in_parts_and_the_rest_released(inventory: Inventory) -> None:
    await inventory.stock("A", S1=5)
    reservation_id = (await inventory.reserve("A", 3)).json()["reservation_id"]
    await step(inventory, reservation_id, "confirm")
    part = await step(inventory, reservation_id, "fulfil", lines=[{"sku": "A", "quantity": 1}])
    assert part.json()["state"] == "confirmed"
    too_many = await step(inventory, reservation_id, "fulfil", lines=[{"sku": "A", "quantity": 3}])
    assert (too_many.status_code, too_many.json()["errors"][0]["pointer"]) == (422, "/lines")
    assert (await step(inventory, reservation_id, "release")).json()["state"] == "fulfilled"
    level = await inventory.level("A")
    assert (level["on_hand"], level["reserved"]) == (4, 0)


async def test_a_repeat_changes_nothing_and_an_illegal_step_is_refused(inventory: Inventory) -> None:
    await inventory.stock("A", S1=5)
    reservation_id = (await inventory.reserve("A", 2)).json()["reservation_id"]
    early = await step(inventory, reservation_id, "fulfil")
    assert (early.status_code, early.json()["code"]) == (409, "illegal_transition")
    for _ in range(2):
        assert (await step(inventory, reservation_id, "release")).json()["state"] == "released"
    late = await step(inventory, reservation_id, "confirm")
    assert (late.status_code, late.json()["state"]) == (409, "released")
    assert (await inventory.level("A"))["reserved"] == 0


async def test_confirm_and_release_at_the_same_moment_have_one_winner(inventory: Inventory) -> None:
    await inventory.stock("A", S1=50)
    for _ in range(10):
        reservation_id = (await inventory.reserve("A", 1)).json()["reservation_id"]
        await asyncio.gather(step(inventory, reservation_id, "release"), step(inventory, reservation_id, "confirm"))
        state = (await inventory.operator.get(f"/v1/reservations/{reservation_id}")).json()["state"]
        assert state in ("confirmed", "released")
    assert await inventory.violations() == []


async def test_a_hold_lapses_and_its_units_are_for_sale_again(start_inventory: Start) -> None:
    async with start_inventory() as one, start_inventory() as two:
        await one.stock("A", S1=1)
        held = (await one.reserve("A", 1, ttl_seconds=60)).json()
        assert (await one.reserve("A", 1)).status_code == 409
        one.clock.advance(timedelta(seconds=61))
        two.clock.advance(timedelta(seconds=61))

        async def has_lapsed() -> bool:
            found = await one.operator.get(f"/v1/reservations/{held['reservation_id']}")
            return bool(found.json()["state"] == "expired")

        await eventually_async(has_lapsed)
        assert (await one.reserve("A", 1)).status_code == 201
        assert await one.violations() == []


async def test_safety_stock_is_never_promised(inventory: Inventory) -> None:
    await inventory.stock("A", S1=5)
    body = {"location_id": "S1", "quantity": 2}
    (await inventory.operator.put("/v1/stock/A/safety-stock", json=body)).raise_for_status()
    assert (await inventory.level("A"))["available"] == 3
    assert (await inventory.reserve("A", 4)).status_code == 409
    assert (await inventory.reserve("A", 3)).status_code == 201


async def test_the_policies_choose_as_they_say(inventory: Inventory) -> None:
    await inventory.stock("A", S1=1, S2=3)
    single = {"policy": "single_location", "candidates": ["S1", "S2"]}
    assert (await inventory.reserve("A", 2, sourcing=single)).json()["allocations"][0]["location_id"] == "S2"
    in_order = {"policy": "in_order", "candidates": ["S1", "S2"]}
    allocations = (await inventory.reserve("A", 2, sourcing=in_order)).json()["allocations"]
    assert [(share["location_id"], share["quantity"]) for share in allocations] == [("S1", 1), ("S2", 1)]


async def test_a_place_that_is_named_twice_has_its_units_once(inventory: Inventory) -> None:
    await inventory.stock("A", S1=1)
    for policy in ("single_location", "fewest_splits", "in_order"):
        twice = {"policy": policy, "candidates": ["S1", "S1"]}
        assert (await inventory.reserve("A", 2, sourcing=twice)).status_code == 409


async def test_a_shop_that_does_not_ship_is_no_source_unless_it_is_named(inventory: Inventory) -> None:
    await inventory.stock("A", S1=5)
    await inventory.add_store("S1", ships=False)
    assert (await inventory.reserve("A", 1)).status_code == 409
    named = {"policy": "single_location", "candidates": ["S1"]}
    assert (await inventory.reserve("A", 1, sourcing=named)).status_code == 201


async def test_a_sale_of_a_promised_unit_names_the_promises_at_risk_once(inventory: Inventory) -> None:
    await inventory.stock("A", S1=2)
    first = (await inventory.reserve("A", 1)).json()["reservation_id"]
    second = (await inventory.reserve("A", 1)).json()["reservation_id"]
    await inventory.send(till_event("sale", "1", "2017-11-20T09:00:00Z", ("A", 1)))
    await inventory.send(till_event("sale", "1", "2017-11-20T09:00:00Z", ("A", 1)))

    async def oversold() -> list[dict[str, Any]]:
        end = await inventory.bus.end_offsets("zaiko.stock")
        records = [record async for record in inventory.bus.read("zaiko.stock", {}, end)]
        return [
            json.loads(record.message.value)
            for record in records
            if record.message.headers["ce_type"] == "zaiko.stock.oversold.v1"
        ]

    await eventually_async(oversold)
    (announced,) = await oversold()
    assert announced["shortfall"] == 1
    assert [promise["reservation_id"] for promise in announced["promises"]] == [second]
    assert first != second


async def test_the_same_idempotency_key_gives_the_first_answer_again(inventory: Inventory) -> None:
    await inventory.stock("A", S1=5)
    body = {"reference": "r", "channel": "web", "lines": [{"sku": "A", "quantity": 4}]}
    headers = {"Idempotency-Key": "k-1"}
    first = await inventory.operator.post("/v1/reservations", json=body, headers=headers)
    again = await inventory.operator.post("/v1/reservations", json=body, headers=headers)
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    other = await inventory.operator.post("/v1/reservations", json={**body, "reference": "s"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    refused = await inventory.operator.post("/v1/reservations", json=body, headers={"Idempotency-Key": "k-2"})
    await inventory.move("receipt", "A", "S1", 10, "2017-11-21T00:00:00Z")
    replayed = await inventory.operator.post("/v1/reservations", json=body, headers={"Idempotency-Key": "k-2"})
    assert (refused.status_code, replayed.status_code, replayed.content) == (409, 409, refused.content)
    assert (await inventory.level("A"))["reserved"] == 4


async def test_one_key_sent_many_times_at_once_reserves_once(inventory: Inventory) -> None:
    await inventory.stock("A", S1=50)
    body = {"reference": "r", "channel": "web", "lines": [{"sku": "A", "quantity": 1}]}
    headers = {"Idempotency-Key": "k-1"}
    answers = await asyncio.gather(
        *(inventory.operator.post("/v1/reservations", json=body, headers=headers) for _ in range(40))
    )
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} <= {"request_in_flight"}
    assert len({answer.json()["reservation_id"] for answer in answers if answer.status_code == 201}) == 1
    assert (await inventory.level("A"))["reserved"] == 1
