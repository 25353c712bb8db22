"""What tills sold comes back: at other stores, by post, without a receipt; and what tills say of their own returns."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from shared.contracts.returns import EXCEEDED, RECORDED, TOPIC
from tests.conditions import eventually_async
from tests.integration.inventory.conftest import Inventory, Start, till_event

AT = "2017-11-20T09:00:00Z"
R1 = {"location_id": "S1", "till_id": "2", "receipt_id": "R1"}
PATIENCE_S = 3_600


@pytest.fixture
async def two(start_inventory: Start) -> AsyncIterator[list[Inventory]]:
    """Two processes, both of which look at tills' returns all the time; every invariant must hold at the end."""
    changes = {"return_watch_interval_seconds": 0.05, "sale_patience_seconds": PATIENCE_S}
    async with start_inventory(**changes) as first, start_inventory(**changes) as second:
        await first.stock("A", S1=50, S2=50, W1=50)
        yield [first, second]
        assert await first.violations() == []


def on(receipt: str, kind: str, event_id: str, *lines: tuple[str, int], **data: Any) -> dict[str, Any]:
    """An event of till 2 in S1 on this receipt."""
    told = till_event(kind, event_id, AT, *lines)
    told["data"] |= {"receipt_id": receipt, **data}
    return told


def lines(sku: str, quantity: int, condition: str = "sellable") -> list[dict[str, Any]]:
    return [{"sku": sku, "quantity": quantity, "condition": condition}]


async def bring(
    inventory: Inventory, place: str, what: list[dict[str, Any]], client: httpx.AsyncClient | None = None, **more: Any
) -> httpx.Response:
    body = {"location_id": place, "lines": what, **more}
    return await (client or inventory.operator).post("/v1/returns", json=body)


async def receipt(inventory: Inventory, name: str = "R1") -> dict[str, Any]:
    answer = await inventory.operator.get(f"/v1/receipts/S1/2/{name}")
    answer.raise_for_status()
    shown: dict[str, Any] = answer.json()
    return shown


async def told(inventory: Inventory, kind: str) -> list[dict[str, Any]]:
    """The data of what is on the topic of this type."""
    end = await inventory.bus.end_offsets(TOPIC)
    return [
        json.loads(record.message.value)
        async for record in inventory.bus.read(TOPIC, {}, end)
        if record.message.headers["ce_type"] == kind
    ]


async def until_told(inventory: Inventory, units: int) -> list[dict[str, Any]]:
    """What was said to be more than was sold, once it is so many units."""

    async def is_said() -> bool:
        return sum(event["excess"] for event in await told(inventory, EXCEEDED.name)) >= units

    await eventually_async(is_said)
    return await told(inventory, EXCEEDED.name)


async def until_all_is_judged(inventory: Inventory) -> None:
    async def nothing_is_due() -> bool:
        async with inventory.database.reading() as connection:
            found = await connection.exec_driver_sql(
                "SELECT count(*) FROM receipt_returns WHERE judged_at IS NULL AND due_at = noted_at"
            )
            return found.scalar_one() == 0

    await eventually_async(nothing_is_due)


@pytest.mark.parametrize("event_id", ["R1", "not the receipt's number"])
async def test_sold_in_one_store_and_brought_to_another_it_is_sellable_there_at_once(
    inventory: Inventory, event_id: str
) -> None:
    await inventory.stock("A", S1=5, S2=5)
    await inventory.send(on("R1", "sale", event_id, ("A", 2)))
    what = lines("A", 1) + lines("A", 1, "damaged")
    answer = await bring(inventory, "S2", what, receipt=R1, reason="too small")
    assert answer.status_code == 201, answer.text
    returned = answer.json()
    assert (returned["receipt"], returned["lines"], returned["reason"]) == (R1, what, "too small")
    level = await inventory.level("A", "S2")
    assert (level["on_hand"], level["available"], level["damaged"]) == (6, 6, 1)
    assert (await inventory.level("A"))["on_hand"] == 3
    shown = await receipt(inventory)
    assert shown["lines"] == [{"sku": "A", "sold": 2, "came_back": 2, "returnable": 0}]
    assert [(back["quantity"], back["location_id"], back["source"]) for back in shown["came_back"]] == [
        (1, "S2", "/returns"),
        (1, "S2", "/returns"),
    ]
    (event,) = await told(inventory, RECORDED.name)
    assert (event["return_id"], event["location_id"], event["receipt"]) == (returned["return_id"], "S2", R1)


async def test_of_many_returns_at_once_only_what_the_receipt_sold_comes_back(two: list[Inventory]) -> None:
    """Sold were 6; one was voided, and one was taken back by the till itself."""
    await two[0].send(on("R1", "sale", "s", ("A", 6)))
    await two[0].send(on("R1", "void", "v", ("A", 1)))
    await two[0].send(on("R1", "return", "r", ("A", 1)))
    answers = await asyncio.gather(
        *(bring(two[n % 2], ("S2", "W1")[n % 2], lines("A", 1), receipt=R1) for n in range(60))
    )
    assert Counter(answer.status_code for answer in answers) == {201: 4, 409: 56}
    refused = next(answer.json() for answer in answers if answer.status_code == 409)
    assert refused["code"] == "more_than_sold"
    assert refused["shortages"] == [{"sku": "A", "requested": 1, "returnable": 0}]
    levels = [(await two[0].level("A", place))["on_hand"] for place in ("S1", "S2", "W1")]
    assert sum(levels) == 150
    assert await told(two[0], EXCEEDED.name) == []


async def test_a_return_is_taken_whole_or_not_at_all(inventory: Inventory) -> None:
    await inventory.stock("A", S1=5)
    await inventory.stock("B", S1=5)
    await inventory.send(on("R1", "sale", "s", ("A", 2), ("B", 1)))
    answer = await bring(inventory, "S1", lines("A", 2) + lines("B", 2), receipt=R1)
    assert answer.status_code == 409
    assert answer.json()["shortages"] == [{"sku": "B", "requested": 2, "returnable": 1}]
    assert [(await inventory.level(sku))["on_hand"] for sku in "AB"] == [3, 4]


async def test_without_a_receipt_no_more_comes_back_than_was_sold_in_all(two: list[Inventory]) -> None:
    await two[0].send(on("R1", "sale", "s", ("A", 2)))
    held = await two[0].reserve("A", 2, sourcing={"candidates": ["W1"]})
    for step in ("confirm", "fulfil"):
        (await two[0].operator.post(f"/v1/reservations/{held.json()['reservation_id']}/{step}")).raise_for_status()
    assert (await bring(two[0], "S2", lines("A", 1), receipt=R1)).status_code == 201
    answers = await asyncio.gather(*(bring(two[n % 2], ("S1", "S2")[n % 2], lines("A", 1)) for n in range(40)))
    assert Counter(answer.status_code for answer in answers) == {201: 3, 409: 37}


async def test_what_was_never_sold_does_not_come_back(inventory: Inventory) -> None:
    await inventory.stock("A", S1=5)
    for body in ({}, {"receipt": R1}):
        assert (await bring(inventory, "S1", lines("A", 1), **body)).json()["code"] == "more_than_sold"
        assert (await bring(inventory, "S1", lines("unheard-of", 1), **body)).json()["code"] == "more_than_sold"
    assert (await inventory.operator.get("/v1/stock/unheard-of")).status_code == 404
    assert (await bring(inventory, "S9", lines("A", 1), receipt=R1)).json()["code"] == "unknown_location"
    assert (await inventory.operator.get("/v1/receipts/S1/2/R1")).status_code == 404


async def test_who_may_take_back(inventory: Inventory) -> None:
    await inventory.stock("A", S1=5, S2=5)
    await inventory.send(on("R1", "sale", "s", ("A", 5)))
    for role, place, with_receipt, expected in (
        ("till", "S2", True, 201),
        ("till", "S2", False, 403),
        ("till", "S1", True, 403),
        ("storefront", None, True, 201),
        ("storefront", None, False, 403),
        ("store-staff", "S2", False, 201),
        ("store-staff", "S1", True, 403),
    ):
        async with inventory.client(role, place) as client:
            more = {"receipt": R1} if with_receipt else {}
            answer = await bring(inventory, "S2", lines("A", 1), client, **more)
            assert answer.status_code == expected, (role, place, with_receipt, answer.text)
            assert (await client.get("/v1/receipts/S1/2/R1")).status_code == 200


async def test_the_same_return_sent_again_is_one(inventory: Inventory) -> None:
    await inventory.stock("A", S1=5)
    await inventory.send(on("R1", "sale", "s", ("A", 2)))
    body = {"location_id": "S1", "lines": lines("A", 1), "receipt": R1}
    answers = [
        await inventory.operator.post("/v1/returns", json=body, headers={"Idempotency-Key": "one"}) for _ in range(3)
    ]
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["return_id"] for answer in answers}) == 1
    assert (await inventory.level("A"))["on_hand"] == 4


async def test_a_till_that_was_replaced_still_has_its_receipts(inventory: Inventory) -> None:
    await inventory.stock("A", S1=5)
    sale = on("R1", "sale", "s", ("A", 1))
    await inventory.send({**sale, "source": f"{sale['source']}/epochs/2026-01-05"})
    other = on("R1", "sale", "o", ("A", 1), till_id="21")
    await inventory.send({**other, "source": "/locations/S1/tills/21"})
    assert (await receipt(inventory))["lines"] == [{"sku": "A", "sold": 1, "came_back": 0, "returnable": 1}]
    assert (await bring(inventory, "S1", lines("A", 1), receipt=R1)).status_code == 201


async def test_a_tills_return_beyond_its_sale_counts_and_is_said_once(two: list[Inventory]) -> None:
    await two[0].send(on("R1", "sale", "s", ("A", 2)))
    await two[0].send(on("R1", "return", "r", ("A", 3)))
    assert (await two[0].level("A"))["on_hand"] == 51
    (event,) = await until_told(two[0], 1)
    assert event["receipt"] == R1
    assert [event[name] for name in ("sku", "sold", "came_back", "excess")] == ["A", 2, 3, 1]
    await two[1].send(on("R9", "return", "elsewhere", ("A", 1), original_receipt=R1))
    assert [event["excess"] for event in await until_told(two[0], 2)] == [1, 1]
    assert (await bring(two[0], "S2", lines("A", 1), receipt=R1)).status_code == 409
    await until_all_is_judged(two[0])
    assert len(await told(two[0], EXCEEDED.name)) == 2


async def test_a_sale_that_is_told_after_its_return_is_waited_for(two: list[Inventory]) -> None:
    await two[0].send(on("R1", "return", "r", ("A", 1)))
    await two[0].send(on("R2", "return", "r2", ("A", 1), original_receipt=R1 | {"receipt_id": "R3"}))
    await until_all_is_judged(two[0])
    assert (await receipt(two[0]))["sold_at"] is None
    await two[0].send(on("R1", "sale", "s", ("A", 1)))
    for process in two:
        process.clock.advance(timedelta(seconds=PATIENCE_S + 1))
    (event,) = await until_told(two[0], 1)
    assert event["receipt"]["receipt_id"] == "R3"
    assert (event["sold"], event["excess"]) == (0, 1)


async def test_an_unsaid_excess_and_a_return_beyond_its_evidence_are_found_by_verify(inventory: Inventory) -> None:
    await inventory.stock("A", S1=5)
    await inventory.send(on("R1", "sale", "s", ("A", 2)))
    await bring(inventory, "S1", lines("A", 1), receipt=R1)
    await bring(inventory, "S1", lines("A", 1))
    for tampering, complaint in (
        ("UPDATE receipt_returns SET quantity = 5", "nobody was told"),
        ("UPDATE receipt_returns SET returnable = 0", "taken back on receipt R1 while"),
        ("UPDATE returns_without_receipt SET returnable = 0", "taken back without a receipt while"),
    ):
        async with inventory.database.transaction() as transaction:
            await transaction.exec_driver_sql(tampering)
        assert any(complaint in violation for violation in await inventory.violations()), complaint
    async with inventory.database.transaction() as transaction:
        await transaction.exec_driver_sql("UPDATE receipt_returns SET quantity = 1, returnable = 2")
        await transaction.exec_driver_sql("UPDATE returns_without_receipt SET returnable = 1")
