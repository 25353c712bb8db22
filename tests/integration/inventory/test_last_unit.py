"""Two people want the last piece: one gets it."""

import asyncio
from collections import Counter

from tests.integration.inventory.conftest import Inventory, Start


async def test_the_last_unit_asked_for_by_200_at_once_goes_to_exactly_one(inventory: Inventory) -> None:
    await inventory.stock("A", S1=1)
    answers = await asyncio.gather(*(inventory.reserve("A", 1) for _ in range(200)))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 199}
    refused = next(answer.json() for answer in answers if answer.status_code == 409)
    assert refused["code"] == "insufficient_stock"
    assert refused["shortages"] == [{"sku": "A", "requested": 1, "available": 0}]


async def test_of_50_units_in_8_stores_exactly_50_are_promised(inventory: Inventory) -> None:
    await inventory.stock("A", S1=7, S2=6, S3=7, S4=6, S5=6, S6=6, S7=6, S8=6)
    answers = await asyncio.gather(*(inventory.reserve("A", 1) for _ in range(200)))
    assert Counter(answer.status_code for answer in answers) == {201: 50, 409: 150}


async def test_two_processes_on_one_database_promise_the_last_unit_once(start_inventory: Start) -> None:
    async with start_inventory() as one, start_inventory() as two:
        await one.stock("A", S1=1)
        await one.stock("B", S1=7, S2=6, S3=7, S4=6, S5=6, S6=6, S7=6, S8=6)
        answers = await asyncio.gather(*((one, two)[n % 2].reserve("A", 1) for n in range(200)))
        assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 199}
        answers = await asyncio.gather(*((one, two)[n % 2].reserve("B", 1) for n in range(200)))
        assert Counter(answer.status_code for answer in answers) == {201: 50, 409: 150}
        assert await one.violations() == []


async def test_crossing_carts_are_decided_without_a_deadlock(start_inventory: Start) -> None:
    async with start_inventory() as one, start_inventory() as two:
        await one.stock("A", S1=1_000)
        await one.stock("B", S1=1_000)

        async def cart(number: int) -> int:
            skus = ["A", "B"] if number % 2 else ["B", "A"]
            body = {
                "reference": str(number),
                "channel": "web",
                "lines": [{"sku": sku, "quantity": 1} for sku in skus],
            }
            return (await (one, two)[number % 2].operator.post("/v1/reservations", json=body)).status_code

        assert Counter(await asyncio.gather(*(cart(number) for number in range(300)))) == {201: 300}
        assert (await one.level("A"))["reserved"] == 300
        assert await one.violations() == []
