"""Any interleaving, repetition and delay of one history, through every door there is, gives one final stock."""

import asyncio
from collections.abc import Sequence
from itertools import count, groupby, product
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings

from shared.contracts.event import from_object
from shared.contracts.tills import TOPIC
from tests.conditions import eventually_async
from tests.integration.inventory.conftest import Inventory
from tests.integration.inventory.histories import (
    BY_HAND,
    LISTED,
    PLACES,
    SKUS,
    Day,
    Delivery,
    Fact,
    Line,
    Units,
    World,
    by_definition,
    days,
)

BATCH = {"content-type": "application/cloudevents-batch+json"}
OPENING = 20
PROMISED = 7
NUMBERS = count()
"""Every example has items of its own, so that all can share one database."""
READ_BY_TILLS = """
    SELECT coalesce(sum(next_offset), 0) FROM consumer_offsets
    WHERE consumer = 'inventory.tills' AND topic = 'zaiko.tills'
"""


@settings(
    max_examples=60,
    deadline=None,
    phases=set(Phase) - {Phase.explain},
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(days())
async def test_any_order_any_repeats_and_either_door_give_the_stock_of_the_ordered_play(
    inventory: Inventory, day: Day
) -> None:
    number = next(NUMBERS)
    calm, chaos = World("calm", number), World("chaos", number)
    holds = [await open_world(inventory, world) for world in (calm, chaos)]
    ordered = sorted(day.history, key=calm.position)
    for by_hand, facts in groupby(ordered, key=lambda fact: fact.till == 0):
        await (move if by_hand else tell)(inventory, calm, list(facts))
    for wave in day.waves:
        await deliver(inventory, chaos, wave)
    await eventually_async(lambda: has_read_all(inventory))

    assert await levels(inventory, chaos) == await levels(inventory, calm) == by_definition(day.history, calm, OPENING)
    for world, hold in zip((calm, chaos), holds, strict=True):
        assert (await reserved(inventory, world), await state(inventory, hold)) == (PROMISED, "held")
    assert await inventory.violations() == []


async def open_world(inventory: Inventory, world: World) -> str:
    """Places and listed items with their opening stock, received the day before; and a hold on A at the first place."""
    for place in PLACES:
        await inventory.add_store(world.place(place))
    names = "\n".join(f'{{"sku": "{world.sku(sku)}", "name": "{sku}"}}' for sku in LISTED)
    headers = {"content-type": "application/x-ndjson"}
    (await inventory.operator.post("/v1/items/import", content=names, headers=headers)).raise_for_status()
    opening = [
        Fact(900 + n, "receipt", place, (Line(sku, OPENING),), 0, BY_HAND)
        for n, (place, sku) in enumerate(product(PLACES, LISTED))
    ]
    await move(inventory, world, opening)
    sourcing = {"policy": "in_order", "candidates": [world.place(0)]}
    hold = await inventory.reserve(world.sku("A"), PROMISED, sourcing=sourcing)
    return str(hold.json()["reservation_id"])


async def deliver(inventory: Inventory, world: World, wave: Sequence[Delivery]) -> None:
    """All of it at once, each fact by its door."""
    by_hand = [fact for fact, _ in wave if fact.till == BY_HAND]
    by_bus = [fact for fact, by_bus in wave if fact.till != BY_HAND and by_bus]
    by_gateway = [fact for fact, by_bus in wave if fact.till != BY_HAND and not by_bus]
    published = [from_object(world.event(fact), world.place(fact.place)) for fact in by_bus]
    await asyncio.gather(
        move(inventory, world, by_hand), tell(inventory, world, by_gateway), inventory.publish(*published)
    )


async def tell(inventory: Inventory, world: World, facts: Sequence[Fact]) -> None:
    answer = await inventory.operator.post("/v1/events", json=[world.event(fact) for fact in facts], headers=BATCH)
    assert (answer.status_code, answer.json()["rejected"]) == (202, [])


async def move(inventory: Inventory, world: World, facts: Sequence[Fact]) -> None:
    if facts:
        movements = [world.movement(fact) for fact in facts]
        (await inventory.operator.post("/v1/stock/movements", json={"movements": movements})).raise_for_status()


async def has_read_all(inventory: Inventory) -> bool:
    ends = await inventory.bus.end_offsets(TOPIC)
    async with inventory.database.reading() as connection:
        read = (await connection.exec_driver_sql(READ_BY_TILLS)).scalar_one()
    return bool(read == sum(ends.values()))


async def rows(inventory: Inventory, world: World) -> dict[tuple[int, str], dict[str, Any]]:
    places = {world.place(place): place for place in PLACES}
    found = {}
    for sku in SKUS:
        answer = await inventory.operator.get(f"/v1/stock/{world.sku(sku)}")
        for level in answer.json().get("locations", []):  # of what only tills know there may be nothing yet
            if level["location_id"] in places:
                found[places[level["location_id"]], sku] = level
    return found


async def levels(inventory: Inventory, world: World) -> dict[tuple[int, str], Units]:
    """Every shelf of the world; one that nothing has touched is empty."""
    found = await rows(inventory, world)
    empty = dict.fromkeys(Units._fields, 0)
    return {key: Units(*(found.get(key, empty)[name] for name in Units._fields)) for key in product(PLACES, SKUS)}


async def reserved(inventory: Inventory, world: World) -> int:
    return sum(level["reserved"] for level in (await rows(inventory, world)).values())


async def state(inventory: Inventory, reservation_id: str) -> str:
    answer = await inventory.operator.get(f"/v1/reservations/{reservation_id}")
    return str(answer.json()["state"])
