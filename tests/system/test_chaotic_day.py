"""A real day of twenty tills that sleep, repeat themselves and come back ends with the stock of the calm day."""

import os
import secrets
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from shared.bus.base import Bus
from shared.bus.opening import open_bus
from shared.contracts.tills import TOPIC
from shared.embedded import url_of_running
from shared.settings import ServiceSettings
from shared.statements import chunks
from tests.conditions import eventually_async
from tests.system.bad_tills import LATE_LIMIT, bad_day, post, send_all
from tests.system.conftest import end
from tests.system.installation import Installation
from tests.system.real_day import SHOPS, TILLS_PER_SHOP, Day, Units, day

CALM_BATCH = 100
READ_LIMIT_S = 120.0
READ_BY_TILLS = """
    SELECT coalesce(sum(next_offset), 0)::bigint FROM inventory.consumer_offsets
    WHERE consumer = 'inventory.tills' AND topic = $1
"""

Levels = dict[tuple[str, str], tuple[int, ...]]


@pytest.fixture(scope="module")
def seed() -> int:
    """Another one each time; CHAOS_SEED=… plays one again."""
    chosen = int(os.environ.get("CHAOS_SEED") or secrets.randbelow(1_000_000))
    print(f"CHAOS_SEED={chosen}")
    return chosen


@pytest.fixture(scope="module")
def played_day(seed: int) -> Day:
    return day(seed)


@pytest.fixture(scope="module")
async def calm_levels(played_day: Day, shared_installation: Installation) -> Levels:
    """The stock after the day was told in the order of time, through one door."""
    async with shared_installation.client("operator") as client:
        await open_shops(client)
        for facts in chunks(played_day.facts, CALM_BATCH):
            await post(client, facts)
        return await levels(client)


@pytest.fixture(params=["postgres", pytest.param("kafka", marks=pytest.mark.kafka)])
def bus_options(request: pytest.FixtureRequest) -> list[str]:
    if request.param == "postgres":
        return []
    return ["--bus", "kafka", "--kafka-bootstrap", request.getfixturevalue("kafka_bootstrap")]


@pytest.fixture
def chaotic(bus_options: list[str], tmp_path: Path) -> Iterator[Installation]:
    here = Installation(tmp_path / "zaiko", *bus_options, topic_prefix=f"test-{uuid4().hex}-")
    here.start()
    yield here
    end(here)


async def test_the_final_stock_is_that_of_the_calm_day_unit_for_unit(
    seed: int, played_day: Day, calm_levels: Levels, shared_installation: Installation, chaotic: Installation
) -> None:
    chance = Random(seed)
    bus = bus_of(chaotic)
    await bus.start()
    try:
        async with chaotic.client("operator") as client:
            await open_shops(client)
            await send_all(bad_day(played_day.facts, chance), client, bus, chance)
            await until_read(chaotic, bus)
            assert await levels(client) == calm_levels
            assert await gaps(client) == []
    finally:
        await bus.stop()
    for installation in (chaotic, shared_installation):
        said = installation.verify()
        assert said.returncode == 0, said.stdout


def test_the_bad_day_is_as_bad_as_it_is_said_to_be(seed: int, played_day: Day) -> None:
    sendings = bad_day(played_day.facts, Random(seed))
    names = [(sending.fact.source, sending.fact.event_id) for sending in sendings]
    assert len({source for source, _ in names}) == len(SHOPS) * TILLS_PER_SHOP
    assert {sending.by_bus for sending in sendings} == {True, False}
    assert 0.05 < len(names) / len(set(names)) - 1 < 0.15
    lateness = [sending.at - sending.fact.at for sending in sendings]
    assert min(lateness) >= timedelta()
    assert LATE_LIMIT / 2 < max(lateness) <= LATE_LIMIT
    assert any(
        names.index(void) < names.index((void[0], void[1].removesuffix("-void")))
        for void in names
        if void[1].endswith("-void")
    )


def test_the_calm_day_ends_with_what_must_lie_there(played_day: Day, calm_levels: Levels) -> None:
    assert {key: Units(on_hand, damaged) for key, (on_hand, damaged, *_) in calm_levels.items()} == played_day.levels
    assert any(units.damaged for units in played_day.levels.values())


async def open_shops(client: httpx.AsyncClient) -> None:
    for shop in SHOPS:
        body = {"name": shop, "kind": "store", "ships": True, "offers_pickup": True}
        (await client.put(f"/inventory/v1/locations/{shop}", json=body)).raise_for_status()


async def levels(client: httpx.AsyncClient) -> Levels:
    """On hand, damaged, reserved and in transit at every (shop, sku)."""
    found: Levels = {}
    for row in await everything(client, "/inventory/v1/stock"):
        units = (row["on_hand"], row["damaged"], row["reserved"], row["in_transit"])
        found[row["location_id"], row["sku"]] = units
    return found


async def gaps(client: httpx.AsyncClient) -> list[str]:
    """The tills of which a number is missing."""
    tills = await everything(client, "/inventory/v1/tills")
    assert len(tills) == len(SHOPS) * TILLS_PER_SHOP
    return [till["source"] for till in tills if till["missing_sequences"]]


async def everything(client: httpx.AsyncClient, path: str) -> list[dict[str, Any]]:
    """All items of a list, page by page."""
    items: list[dict[str, Any]] = []
    cursor = None
    while True:
        answer = await client.get(path, params={"limit": 500} | ({"cursor": cursor} if cursor else {}))
        answer.raise_for_status()
        page = answer.json()
        items += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return items


def bus_of(installation: Installation) -> Bus:
    """The bus as a till has it that speaks to it straight."""
    options = dict(zip(installation.options[::2], installation.options[1::2], strict=True))
    settings = ServiceSettings(
        database_url=url_of_running(installation.data_dir),
        bus=options.get("--bus", "postgres"),
        kafka_bootstrap_servers=options.get("--kafka-bootstrap", ""),
        topic_prefix=installation.environment["ZAIKO_TOPIC_PREFIX"],
    )
    return open_bus(settings)


async def until_read(installation: Installation, bus: Bus) -> None:
    """Returns once inventory has read all that was published."""
    connection = await asyncpg.connect(url_of_running(installation.data_dir))

    async def has_read_all() -> bool:
        ends = await bus.end_offsets(TOPIC)
        return bool(await connection.fetchval(READ_BY_TILLS, TOPIC) == sum(ends.values()))

    try:
        await eventually_async(has_read_all, READ_LIMIT_S)
    finally:
        await connection.close()
