"""How often a batch goes to the database: counted, because it decides what a sale costs and nobody would notice."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from services.inventory.api.events import recording
from services.inventory.api.reservations import reserving
from services.inventory.domain.channels import Limit
from services.inventory.store import items, levels, locations
from services.inventory.store.items import Item
from services.inventory.usecases.channels import PutChannel, put_channel
from services.inventory.usecases.requests import Reserve
from shared.consumer import read_event
from shared.contracts import tills
from shared.contracts.event import from_object
from shared.contracts.locations import LocationChanged
from shared.http.door import Door
from tests.integration.inventory.conftest import till_event
from tests.integration.inventory.statements import Counted

NOW = datetime(2017, 11, 20, 9, tzinfo=UTC)
SKUS = [f"A{number}" for number in range(20)]


@pytest.fixture
async def counted(inventory_url: str) -> AsyncIterator[Counted]:
    """Items on the shelf of S1, and a pool whose connection has met every statement once."""
    counted = Counted(inventory_url)
    store = LocationChanged(location_id="S1", name="S1", kind="store", ships=True, offers_pickup=True)
    async with counted.database.transaction() as transaction:
        await locations.put(transaction, store)
        await items.put(transaction, [Item(sku, sku, None, {}) for sku in SKUS])
        await levels.create(transaction, [("S1", sku) for sku in SKUS])
    yield counted
    await counted.database.close()


def sale(number: int) -> Any:
    event_id = f"sale-{number}"
    told = till_event("sale", event_id, "2017-11-20T09:00:00Z", (SKUS[number % len(SKUS)], 1), sequence=str(number + 1))
    return [read_event(tills.TOPIC, from_object(told))]


def promise(number: int, channel: str = "web") -> Reserve:
    return Reserve(
        f"cart-{number}", channel, {SKUS[number % len(SKUS)]: 1}, candidates=["S1"], ttl=timedelta(minutes=5)
    )


async def test_many_sales_take_the_round_trips_of_one(counted: Counted) -> None:
    door = Door("till_events", counted.database, recording(lambda: NOW))
    await door(sale(0))
    counted.taken()
    await asyncio.gather(*(door(sale(number)) for number in range(1, 41)))
    statements = counted.taken()
    batches = statements["BEGIN"]
    assert batches < 4
    assert statements == {
        "BEGIN": batches,
        "SELECT": batches,
        "WITH": batches,
        "COMMIT": batches,
    }


async def test_many_promises_take_the_round_trips_of_one(counted: Counted) -> None:
    async with counted.database.transaction() as transaction:
        await transaction.exec_driver_sql("UPDATE levels SET on_hand = 1000")
    door = Door("reserve", counted.database, reserving(lambda: NOW))
    await door(promise(0))
    counted.taken()
    answers = await asyncio.gather(*(door(promise(number)) for number in range(1, 101)))
    statements = counted.taken()
    assert {answer.status_code for answer in answers} == {201}
    batches = statements["BEGIN"]
    assert batches < 4
    assert statements == dict.fromkeys(("BEGIN", "SELECT", "WITH", "COMMIT"), batches)


async def test_returns_and_voids_take_the_round_trips_of_sales(counted: Counted) -> None:
    door = Door("till_events", counted.database, recording(lambda: NOW))
    taken = {}
    for number in range(2):
        for kind in ("sale", "return", "void"):
            told = till_event(kind, f"{kind}-{number}", "2017-11-20T09:00:00Z", (SKUS[0], 1), sequence="1")
            counted.taken()
            await door([read_event(tills.TOPIC, from_object(told))])
            taken[kind] = counted.taken()
    assert taken["return"] == taken["void"] == taken["sale"]


@pytest.mark.parametrize(
    ("limits", "more"),
    [
        ([], {"SELECT": 1}),
        ([Limit(buffer=1), Limit(sku="A1", share=Decimal("0.9"))], {"SELECT": 1}),
        ([Limit(location_group="outlets", buffer=1)], {"SELECT": 2}),
        ([Limit(cap=1000), Limit(sku="A1", cap=100)], {"SELECT": 1, "INSERT": 1}),
    ],
)
async def test_a_limited_channel_takes_a_few_round_trips_more_for_many_promises_as_for_one(
    counted: Counted, limits: list[Limit], more: dict[str, int]
) -> None:
    async with counted.database.transaction() as transaction:
        await transaction.exec_driver_sql("UPDATE levels SET on_hand = 1000")
        await put_channel(transaction, PutChannel("market", "Market", None, None, limits), NOW)
    door = Door("reserve", counted.database, reserving(lambda: NOW))
    await door(promise(0, "market"))
    counted.taken()
    answers = await asyncio.gather(*(door(promise(number, "market")) for number in range(1, 101)))
    statements = counted.taken()
    assert {answer.status_code for answer in answers} == {201}
    batches = statements["BEGIN"]
    assert batches < 4
    for statement in ("BEGIN", "SELECT", "WITH", "COMMIT"):
        assert statements[statement] == batches * (1 + more.get(statement, 0)), statement
    assert statements["INSERT"] == batches * more.get("INSERT", 0)
