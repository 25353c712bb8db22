"""Many hands at many bags at once, drawn from a seed: whatever they press, what is stored and told is sound."""

import asyncio
from random import Random
from typing import Any

import httpx

from services.pickup.store.verification import violations
from shared.contracts.event import Event
from shared.identifiers import new_id
from tests.integration.pickup.service import CODE, STORE, WRONG, PickupService, cancelled, confirmed, press

PICKUPS = 8
HANDS = 6
WALKERS = 2
PRESSES = 60
STEPS = 20
BUTTONS: list[tuple[str, dict[str, Any]]] = [
    ("start", {}),
    ("lines/A/pick", {"quantity": 1}),
    ("lines/A/pick", {"quantity": 2}),
    ("lines/B/pick", {"quantity": 1}),
    ("lines/A/short", {"missing": 1, "reason": "gone"}),
    ("lines/B/short", {"missing": 1, "reason": "gone"}),
    ("ready", {}),
    ("ready", {"bag_location": "shelf B4"}),
    ("collect", {"code": CODE}),
    ("collect", {"code": WRONG}),
    ("cancel", {"reason": "closing"}),
]
EXPECTED = {200, 403, 409, 422, 423}
STRIDES: list[tuple[str, dict[str, Any]]] = [
    ("lines/A/pick", {"quantity": 2}),
    ("lines/B/pick", {"quantity": 1}),
    ("lines/A/short", {"missing": 1, "reason": "gone"}),
    ("end", {}),
]
EXPECTED_OF_A_ROUND = {200, 404, 422}


async def test_a_rush_at_the_counter_leaves_every_bag_explained(service: PickupService) -> None:
    random = Random(20171120)
    order_ids = [new_id() for _ in range(PICKUPS)]
    units = {STORE: {"A": 3, "B": 1}}
    await service.publish(*(confirmed(order_id, service.clock(), units) for order_id in order_ids))
    pickups = [await service.of_order(order_id) for order_id in order_ids]

    async def hand(staff: httpx.AsyncClient, drawn: Random) -> None:
        for _ in range(PRESSES):
            name, body = drawn.choices(BUTTONS, weights=[*[10] * (len(BUTTONS) - 1), 1])[0]
            answer = await press(staff, drawn.choice(pickups), name, **body)
            assert answer.status_code in EXPECTED, answer.text

    async def walker(staff: httpx.AsyncClient, drawn: Random) -> None:
        """Goes for whatever waits, or else for a bag that somebody has begun, until the round is nobody's any more."""
        for _ in range(STEPS):
            chosen = drawn.choice([{"limit": 3}, {"pickup_ids": [drawn.choice(pickups)["pickup_id"]]}])
            begun = await staff.post("/v1/pick-rounds", json={"location_id": STORE, **chosen})
            assert begun.status_code in (201, 409), begun.text
            for name, body in drawn.choices(STRIDES, k=3) if begun.status_code == 201 else ():
                path = f"/v1/pick-rounds/{begun.json()['round_id']}/{name}"
                answer = await staff.post(path, json=body or None)
                assert answer.status_code in EXPECTED_OF_A_ROUND, answer.text

    changes: list[Event] = [cancelled(random.choice(order_ids), service.clock(), A=1) for _ in range(PICKUPS)]
    async with service.staff() as staff:
        await asyncio.gather(
            service.publish(*changes, *changes),
            *(hand(staff, Random(random.random())) for _ in range(HANDS)),
            *(walker(staff, Random(random.random())) for _ in range(WALKERS)),
        )
    async with service.database.reading() as connection:
        assert await violations(connection) == []
    for order_id in order_ids:
        await assert_units_add_up(service, order_id)


async def assert_units_add_up(service: PickupService, order_id: str) -> None:
    """What was told accounts for every unit of the order, and for one end at most."""
    pickup = await service.of_order(order_id)
    told = await service.announced(order_id)
    ends = [event for event in told if event.kind in ("collected", "expired", "cancelled")]
    assert len(ends) == (pickup["closed_at"] is not None)
    for line in pickup["lines"]:
        short = sum(
            units.quantity
            for event in told
            if event.kind == "line_short"
            for units in event.data.lines
            if units.sku == line["sku"]
        )
        ended = sum(units.quantity for event in ends for units in event.data.lines if units.sku == line["sku"])
        assert short == line["short"]
        assert not ends or ended + short + line["cancelled"] == line["quantity"]
