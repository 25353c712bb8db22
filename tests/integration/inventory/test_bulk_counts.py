"""A whole store is counted at once, by hand or by RFID reader, while its tills go on."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from services.inventory.store import levels, locations
from services.inventory.usecases.tills import Effect, record_till_events
from shared.consumer import Received, read_event
from shared.contracts import tills
from shared.contracts.event import from_object
from shared.contracts.locations import LocationChanged
from shared.contracts.values import QUANTITY_LIMIT
from tests.conditions import eventually_async
from tests.integration.inventory.conftest import Inventory, till_event
from tests.integration.inventory.statements import Counted

STORE = [f"{1_000_000 + number}" for number in range(20_000)]
OPENING, FOUND = 50, 40
RECEIVED_AT = "2017-11-19T00:00:00Z"
BEFORE, COUNTED_AT, AFTER = "2017-11-20T12:59:59Z", "2017-11-20T13:00:00Z", "2017-11-20T13:00:01Z"
SELLERS = 4
BATCH = {"content-type": "application/cloudevents-batch+json"}
ON_HAND = "SELECT sku, on_hand FROM levels WHERE location_id = 'S1'"
TRANSACTIONS = "SELECT count(DISTINCT xmin::text) FROM ledger WHERE kind = 'count'"


@pytest.fixture
async def counted(inventory_url: str) -> AsyncIterator[Counted]:
    counted = Counted(inventory_url)
    store = LocationChanged(location_id="S1", name="S1", kind="store", ships=True, offers_pickup=True)
    async with counted.database.transaction() as transaction:
        await locations.put(transaction, store)
    yield counted
    await counted.database.close()


@pytest.mark.parametrize("has_levels", [True, False], ids=["on shelves that are known", "on shelves that are new"])
async def test_a_count_of_a_store_takes_the_statements_of_a_count_of_a_hundred_items(
    counted: Counted, has_levels: bool
) -> None:
    if has_levels:
        async with counted.database.transaction() as transaction:
            await levels.create(transaction, [("S1", sku) for sku in STORE])
    await statements_of(counted, count_of(STORE[:100], "first"))  # a new connection has questions of its own
    few = await statements_of(counted, count_of(STORE[100:200], "few"))
    many = await statements_of(counted, count_of(STORE[200:], "many"))
    late = await statements_of(counted, count_of(STORE, "late", at=BEFORE))
    assert (few["BEGIN"], few["COMMIT"]) == (1, 1)
    assert many == few
    assert late.total() <= few.total() + 1, "it looks for the counts after it"


async def statements_of(counted: Counted, count: dict[str, Any]) -> Counter[str]:
    read = read_event(tills.TOPIC, from_object(count))
    assert isinstance(read, Received)
    counted.taken()
    async with counted.database.transaction() as transaction:
        assert await record_till_events(transaction, [read], datetime.now(UTC)) == [Effect.APPLIED]
    return counted.taken()


@pytest.mark.parametrize("by_bus", [False, True], ids=["through the gateway", "on the bus"])
async def test_no_sale_is_lost_beside_a_count_of_the_whole_store(inventory: Inventory, by_bus: bool) -> None:
    """Half of the items had no level before, and become unlisted ones."""
    await inventory.add_store("S1")
    known = till_event("receipt", "opening", RECEIVED_AT, *((sku, OPENING) for sku in STORE[::2]))
    (await inventory.send(known)).raise_for_status()
    selling = Selling(inventory)
    sellers = [asyncio.create_task(selling.go_on(number)) for number in range(SELLERS)]
    await eventually_async(selling.has_sold)
    count = count_of(STORE, "count")
    if by_bus:
        await inventory.publish(from_object(count, "S1"))
    else:
        (await inventory.send(count)).raise_for_status()
    await eventually_async(lambda: is_counted(inventory))
    selling.enough.set()
    await asyncio.gather(*sellers)
    assert await on_hand(inventory) == {sku: FOUND - selling.after[sku] for sku in STORE}
    assert await value(inventory, TRANSACTIONS) == 1


async def test_a_count_may_come_in_parts_of_one_instant_and_the_last_by_id_stands(inventory: Inventory) -> None:
    await inventory.add_store("S1")
    skus = STORE[:3_000]
    parts = [count_of(skus[start : start + 500], f"part-{start:04}") for start in range(0, 3_000, 500)]
    again = count_of(skus[:10], "part-9999", quantity=FOUND + 1)
    sale = till_event("sale", "s", COUNTED_AT, *((sku, 1) for sku in skus))
    for batch in ([again], parts[::-1], [sale], parts):
        answer = await inventory.operator.post("/v1/events", json=batch, headers=BATCH)
        assert answer.json()["rejected"] == []
    assert await on_hand(inventory) == dict.fromkeys(skus, FOUND) | dict.fromkeys(skus[:10], FOUND + 1)


async def test_a_count_of_20000_items_with_the_longest_names_passes_the_gateway(inventory: Inventory) -> None:
    """At a place that does not exist, so that it is read to the end and goes no further."""
    skus = [f"{number:064}" for number in range(len(STORE))]
    answer = await inventory.send(count_of(skus, "longest", quantity=QUANTITY_LIMIT))
    assert [entry["code"] for entry in answer.json()["rejected"]] == ["unknown_location"]


class Selling:
    """Tills that sell two items at a time until it is enough, before and after the count's instant."""

    def __init__(self, inventory: Inventory) -> None:
        self.enough = asyncio.Event()
        self.after: Counter[str] = Counter()
        self._inventory = inventory
        self._sold = 0

    async def has_sold(self) -> bool:
        return self._sold > 10

    async def go_on(self, till: int) -> None:
        chance = Random(till)
        number = 0
        while not self.enough.is_set():
            number += 1
            skus = chance.sample(STORE, 2)
            at = chance.choice([BEFORE, COUNTED_AT, AFTER])
            sale = till_event(
                "sale", str(number), at, *((sku, 1) for sku in skus), source=f"/locations/S1/tills/{till}"
            )
            answer = await self._inventory.send(sale)
            assert answer.json()["accepted"] == 1
            self._sold += 1
            if at == AFTER:
                self.after.update(skus)


def count_of(skus: Iterable[str], name: str, at: str = COUNTED_AT, quantity: int = FOUND) -> dict[str, Any]:
    return till_event("count", name, at, *((sku, quantity) for sku in skus), source="/locations/S1/tills/rfid")


async def is_counted(inventory: Inventory) -> bool:
    return bool(await value(inventory, "SELECT count(*) FROM ledger WHERE kind = 'count'") == len(STORE))


async def value(inventory: Inventory, sql: str) -> Any:
    return (await rows(inventory, sql))[0][0]


async def rows(inventory: Inventory, sql: str) -> Sequence[Any]:
    async with inventory.database.reading() as connection:
        return (await connection.exec_driver_sql(sql)).all()


async def on_hand(inventory: Inventory) -> dict[str, int]:
    return dict(await rows(inventory, ON_HAND))
