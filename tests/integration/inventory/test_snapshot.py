"""A snapshot and the stream from it are the whole truth: no change is missing, none is told twice. Over every log."""

import asyncio
import itertools
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from services.inventory.app import create_app
from services.inventory.settings import SCHEMA, Settings
from services.inventory.usecases.tills import record_till_events
from shared.bus.base import Bus
from shared.bus.opening import open_bus
from shared.clock import utc_now
from shared.consumer import read_event
from shared.contracts import tills
from shared.contracts.event import from_object
from shared.contracts.stock import LEVEL_CHANGED, TOPIC
from shared.database import Database
from shared.outbox import Outbox
from tests.clocks import MovableClock
from tests.conditions import eventually_async
from tests.integration.inventory.conftest import SECRET, Inventory, till_event
from tests.integration.inventory.test_stream import read
from tests.serving import serving

HOLD_THE_RELAY = f"SELECT pg_advisory_lock(hashtextextended('zaiko relay {SCHEMA}', 0))"
WAVES, SHOPPERS = 4, 4
TAKE_LIMIT_S = 30
AT = "2017-11-20T09:00:00Z"
Shelf = dict[str, Any]
"""A level as the snapshot and the stream tell it."""


@pytest.fixture(params=["same database", "other database", pytest.param("kafka", marks=pytest.mark.kafka)])
def settings(request: pytest.FixtureRequest, inventory_url: str) -> Settings:
    """In the same database the log is never behind; elsewhere a relay comes after."""
    common: dict[str, Any] = {"database_url": inventory_url, "token_secret": SECRET}
    if request.param == "same database":
        return Settings(**common)
    if request.param == "other database":
        return Settings(**common, bus_database_url=request.getfixturevalue("database_url"))
    brokers = request.getfixturevalue("kafka_bootstrap")
    return Settings(**common, bus="kafka", kafka_bootstrap_servers=brokers, topic_prefix=f"{uuid4().hex}.")


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[tuple[Inventory, Bus]]:
    bus = open_bus(settings)
    await bus.start()
    async with serving(create_app(settings, clock=utc_now)) as url:
        inventory = Inventory(url, settings.database_url, MovableClock(), bus)  # type: ignore[arg-type]
        try:
            yield inventory, bus
            assert await inventory.violations() == []
        finally:
            await inventory.close()
            await bus.stop()


async def sell(inventory: Inventory, *skus: str) -> None:
    event = till_event("sale", uuid4().hex, AT, *((sku, 1) for sku in skus))
    (await inventory.send(event)).raise_for_status()


async def take_snapshot(inventory: Inventory, **asked: str) -> tuple[str, dict[str, Shelf]]:
    """The position, and the levels by sku."""
    answer = await inventory.operator.get("/v1/stream/snapshot", params=asked)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    return found["position"], {level["sku"]: level for level in found["items"]}


async def take(inventory: Inventory, position: str, count: int) -> list[dict[str, Any]]:
    """The next events of S1 after the position."""
    async with asyncio.timeout(TAKE_LIMIT_S), aclosing(read(inventory, {"location_id": "S1"}, position)) as stream:
        return [await anext(stream) for _ in range(count)]


async def test_what_the_log_tells_late_is_not_told_to_whom_the_snapshot_told_it(settings: Settings) -> None:
    """The relay stands still while stock is sold; only then it publishes what the snapshot holds already."""
    holder = await asyncpg.connect(settings.database_url)
    await holder.execute(HOLD_THE_RELAY)
    async with running(settings) as (inventory, _):
        await inventory.stock("A", S1=100)
        for _ in range(10):
            await sell(inventory, "A")
        position, levels = await take_snapshot(inventory, location_id="S1")
        assert levels["A"]["on_hand"] == 90
        for _ in range(5):
            await sell(inventory, "A")
        await holder.close()
        first = await take(inventory, position, 2)
        rest = await take(inventory, first[-1]["id"], 3)
        assert [event["data"]["on_hand"] for event in first + rest] == [89, 88, 87, 86, 85]
        await sell(inventory, "A")
        assert [event["data"]["on_hand"] for event in await take(inventory, rest[-1]["id"], 1)] == [84]


async def test_a_change_that_was_under_way_when_the_snapshot_was_taken_is_told(settings: Settings) -> None:
    async with running(settings) as (inventory, bus):
        await inventory.stock("A", S1=5)
        await inventory.stock("B", S1=5)
        outbox = Outbox(bus.log_in(settings.database_url))
        database = Database(settings.database_url, SCHEMA, pool_size=1, outbox=outbox)
        async with database.transaction() as transaction:
            event = till_event("sale", "slow", AT, ("A", 1), source="/locations/S1/tills/3")
            slow = read_event(tills.TOPIC, from_object(event))
            await record_till_events(transaction, [slow], utc_now())  # type: ignore[list-item]
            await sell(inventory, "B")  # a younger transaction that ends first
            position, levels = await take_snapshot(inventory, location_id="S1")
            await sell(inventory, "B")
            assert (levels["A"]["on_hand"], levels["B"]["on_hand"]) == (5, 4)
        await database.close()
        told = {event["data"]["sku"]: event["data"]["on_hand"] for event in await take(inventory, position, 2)}
        assert told == {"A": 4, "B": 3}


class Screen:
    """A screen in S1 that begins with a snapshot and loses its line again and again."""

    def __init__(self) -> None:
        self.began_with: dict[str, Shelf] = {}
        self.told: defaultdict[str, list[Shelf]] = defaultdict(list)

    @property
    def shows(self) -> dict[str, Shelf]:
        return self.began_with | {sku: told[-1] for sku, told in self.told.items()}

    async def watch(self, inventory: Inventory) -> None:
        """Until cancelled."""
        position, self.began_with = await take_snapshot(inventory, location_id="S1")
        for until_cut in itertools.cycle((3, 30, 12)):
            async with aclosing(read(inventory, {"location_id": "S1"}, position)) as stream:
                for _ in range(until_cut):
                    event = await anext(stream)
                    position = event["id"]
                    self.told[event["data"]["sku"]].append(event["data"])


async def shop(inventory: Inventory, rounds: int) -> None:
    """Everything that changes levels: sales, promises given and let go, counts."""
    for number in range(rounds):
        await sell(inventory, "A")
        await sell(inventory, "B", "C")
        held = await inventory.reserve("D", 1)
        if number % 3:
            await inventory.operator.post(f"/v1/reservations/{held.json()['reservation_id']}/release", json={})
        await inventory.move("count", "C", "S1", 500 + number, utc_now().isoformat())


async def history(bus: Bus) -> dict[str, list[Shelf]]:
    """Every level that was ever told of S1, by sku, in its order."""
    told: dict[str, list[Shelf]] = defaultdict(list)
    async for record in bus.read(TOPIC, {}, await bus.end_offsets(TOPIC)):
        if record.message.headers["ce_type"] == LEVEL_CHANGED.name:
            level = LEVEL_CHANGED.data.model_validate_json(record.message.value).model_dump(mode="json")
            told[level["sku"]].append(level)
    return told


async def test_snapshots_amid_a_rush_go_on_with_every_change_once(settings: Settings) -> None:
    async with running(settings) as (inventory, bus):
        for sku in "ABCD":
            await inventory.stock(sku, S1=1_000)
        screens: list[Screen] = []
        watching: list[asyncio.Task[None]] = []
        for _ in range(WAVES):  # one wave's screens still watch while the next one's begin
            shopping = [asyncio.create_task(shop(inventory, 5)) for _ in range(SHOPPERS)]
            screens += [Screen() for _ in range(2)]
            watching += [asyncio.create_task(screen.watch(inventory)) for screen in screens[-2:]]
            await asyncio.gather(*shopping)
        _, final = await take_snapshot(inventory, location_id="S1")
        assert final["A"]["on_hand"] == 1_000 - 5 * SHOPPERS * WAVES

        async def every_screen_is_right() -> bool:
            for task in watching:
                if task.done():
                    task.result()
            return all(screen.shows == final for screen in screens)

        await eventually_async(every_screen_is_right)
        whole = await history(bus)
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
        assert all(screen.told for screen in screens[: 2 * WAVES - 2])
        for screen in screens:
            for sku, told in screen.told.items():
                assert [screen.began_with[sku], *told] == whole[sku][-len(told) - 1 :]


async def test_a_snapshot_is_of_a_place_an_item_or_a_shelf(settings: Settings) -> None:
    async with running(settings) as (inventory, _):
        await inventory.stock("A", S1=3, S2=4)
        await inventory.stock("B", S1=5)
        _, of_place = await take_snapshot(inventory, location_id="S1")
        assert {sku: level["on_hand"] for sku, level in of_place.items()} == {"A": 3, "B": 5}
        answer = await inventory.operator.get("/v1/stream/snapshot", params={"sku": "A"})
        assert [(level["location_id"], level["on_hand"]) for level in answer.json()["items"]] == [("S1", 3), ("S2", 4)]
        _, of_shelf = await take_snapshot(inventory, location_id="S2", sku="A")
        assert [(sku, level["location_id"]) for sku, level in of_shelf.items()] == [("A", "S2")]
        position, of_nothing = await take_snapshot(inventory, location_id="S2", sku="B")
        assert of_nothing == {}
        assert position
