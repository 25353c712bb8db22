"""Facts from tills: counted once, by either door, in any order."""

import asyncio

import pytest

from shared.contracts import tills
from shared.contracts.event import from_object
from tests.conditions import eventually_async
from tests.integration.inventory.conftest import Inventory, till_event


async def test_a_sale_sent_three_times_over_both_doors_changes_stock_once(inventory: Inventory) -> None:
    await inventory.stock("A", S1=10)
    sale = till_event("sale", "1", "2017-11-20T09:00:00Z", ("A", 2), sequence="1")
    first = await inventory.send(sale)
    assert (first.status_code, first.json()) == (202, {"accepted": 1, "duplicates": 0, "rejected": []})
    assert (await inventory.send(sale)).json() == {"accepted": 0, "duplicates": 1, "rejected": []}
    other = till_event("sale", "2", "2017-11-20T09:01:00Z", ("A", 1), sequence="2")
    await inventory.publish(from_object(sale, "S1"), from_object(other, "S1"), from_object(sale, "S1"))

    async def second_sale_has_arrived() -> bool:
        return (await inventory.level("A"))["on_hand"] != 8

    await eventually_async(second_sale_has_arrived)
    assert (await inventory.level("A"))["on_hand"] == 7


@pytest.mark.parametrize("together", [True, False])
async def test_what_is_sent_again_with_other_lines_changes_nothing(inventory: Inventory, together: bool) -> None:
    await inventory.stock("A", S1=10)
    sale = till_event("sale", "1", "2017-11-20T09:00:00Z", ("A", 2))
    longer = till_event("sale", "1", "2017-11-20T09:00:00Z", ("A", 2), ("A", 5))
    headers = {"content-type": "application/cloudevents-batch+json"}
    reports = [
        (await inventory.operator.post("/v1/events", json=batch, headers=headers)).json()
        for batch in ([[sale, longer]] if together else [[sale], [longer]])
    ]
    assert [sum(report[what] for report in reports) for what in ("accepted", "duplicates")] == [1, 1]
    assert (await inventory.level("A"))["on_hand"] == 8


async def test_one_sale_sent_by_many_at_the_same_moment_counts_once(inventory: Inventory) -> None:
    await inventory.stock("A", S1=10)
    sale = till_event("sale", "1", "2017-11-20T09:00:00Z", ("A", 2))
    answers = await asyncio.gather(*(inventory.send(sale) for _ in range(50)))
    assert sum(answer.json()["accepted"] for answer in answers) == 1
    assert (await inventory.level("A"))["on_hand"] == 8


async def test_a_sale_of_nine_that_arrives_after_the_count_of_ten_leaves_the_counted_number(
    inventory: Inventory,
) -> None:
    await inventory.stock("A", S1=20)
    await inventory.send(till_event("count", "c", "2017-11-20T10:00:00Z", ("A", 12)))
    await inventory.send(till_event("sale", "s", "2017-11-20T09:00:00Z", ("A", 3)))
    assert (await inventory.level("A"))["on_hand"] == 12


async def test_a_count_of_ten_that_arrives_after_a_sale_of_eleven_gives_the_count_minus_the_sale(
    inventory: Inventory,
) -> None:
    await inventory.stock("A", S1=20)
    await inventory.send(till_event("sale", "s", "2017-11-20T11:00:00Z", ("A", 3)))
    await inventory.send(till_event("count", "c", "2017-11-20T10:00:00Z", ("A", 12)))
    assert (await inventory.level("A"))["on_hand"] == 9


async def test_a_fact_is_never_refused_for_lack_of_stock(inventory: Inventory) -> None:
    await inventory.stock("A", S1=1)
    await inventory.send(till_event("sale", "s", "2017-11-20T11:00:00Z", ("A", 3)))
    level = await inventory.level("A")
    assert (level["on_hand"], level["available"]) == (-2, 0)


async def test_an_item_that_only_the_till_knows_is_created_unlisted_and_the_sale_counts(inventory: Inventory) -> None:
    await inventory.add_store("S1")
    await inventory.send(till_event("sale", "s", "2017-11-20T11:00:00Z", ("NEW", 1)))
    assert (await inventory.level("NEW"))["on_hand"] == -1
    unlisted = (await inventory.operator.get("/v1/items", params={"listed": "false"})).json()["items"]
    assert [item["sku"] for item in unlisted] == ["NEW"]


async def test_returns_and_voids_bring_units_back_and_damaged_ones_apart(inventory: Inventory) -> None:
    await inventory.stock("A", S1=5)
    await inventory.send(till_event("return", "r", "2017-11-20T11:00:00Z", ("A", 1)))
    await inventory.send(till_event("void", "v", "2017-11-20T11:00:00Z", ("A", 2)))
    damaged = till_event("return", "d", "2017-11-20T11:00:00Z", ("A", 1))
    damaged["data"]["lines"][0]["condition"] = "damaged"
    await inventory.send(damaged)
    level = await inventory.level("A")
    assert (level["on_hand"], level["damaged"]) == (8, 1)


async def test_of_each_till_the_highest_number_and_the_missing_ones_are_known(inventory: Inventory) -> None:
    await inventory.stock("A", S1=50)
    for number in (1, 2, 5, 9, 6):
        sale = till_event("sale", str(number), "2017-11-20T11:00:00Z", ("A", 1), sequence=str(number))
        await inventory.send(sale)
    till = (await inventory.operator.get("/v1/tills")).json()["items"][0]
    assert till["source"] == "/locations/S1/tills/2"
    assert till["last_sequence"] == 9
    assert till["missing_sequences"] == [{"first": 3, "last": 4}, {"first": 7, "last": 8}]


async def test_good_events_of_a_batch_count_and_bad_ones_are_named_and_kept(inventory: Inventory) -> None:
    await inventory.stock("A", S1=5)
    at = "2017-11-20T11:00:00Z"
    batch = [
        till_event("sale", "good", at, ("A", 1)),
        till_event("sale", "negative", at, ("A", -1)),
        till_event("unheard_of", "type", at, ("A", 1)),
        {"id": "no-source", "specversion": "1.0"},
        {
            **till_event("sale", "place", at, ("A", 1)),
            "data": {**till_event("sale", "p", at, ("A", 1))["data"], "location_id": "S9"},
        },
    ]
    headers = {"content-type": "application/cloudevents-batch+json"}
    answer = await inventory.operator.post("/v1/events", json=batch, headers=headers)
    assert answer.status_code == 202
    report = answer.json()
    assert report["accepted"] == 1
    assert [(entry["index"], entry["id"], entry["code"]) for entry in report["rejected"]] == [
        (1, "negative", "invalid_event"),
        (2, "type", "unknown_event_type"),
        (3, "no-source", "malformed_event"),
        (4, "place", "unknown_location"),
    ]
    assert "/lines/0/quantity" in report["rejected"][0]["detail"]
    end = await inventory.bus.end_offsets("zaiko.dead-letters")

    async def letters_are_published() -> bool:
        return sum((await inventory.bus.end_offsets("zaiko.dead-letters")).values()) == 4

    assert end is not None
    await eventually_async(letters_are_published)


async def test_a_bad_event_on_the_bus_goes_to_the_dead_letters_and_the_rest_of_its_batch_counts(
    inventory: Inventory,
) -> None:
    await inventory.stock("A", S1=5)
    at = "2017-11-20T11:00:00Z"
    good = from_object(till_event("sale", "good", at, ("A", 1)), "S1")
    bad = from_object(till_event("sale", "bad", at, ("A", 0)), "S1")
    elsewhere = till_event("sale", "elsewhere", at, ("A", 1))
    elsewhere["data"]["location_id"] = "S9"
    await inventory.publish(bad, good, from_object(elsewhere, "S9"))

    async def both_letters_are_there() -> bool:
        return sum((await inventory.bus.end_offsets("zaiko.dead-letters")).values()) == 2

    await eventually_async(both_letters_are_there)
    reasons = {}
    end = await inventory.bus.end_offsets("zaiko.dead-letters")
    async for record in inventory.bus.read("zaiko.dead-letters", {}, end):
        headers = record.message.headers
        reasons[headers["ce_id"]] = headers["ce_reasoncode"]
    assert reasons == {"bad": "invalid_event", "elsewhere": "unknown_location"}

    async def good_one_has_arrived() -> bool:
        return (await inventory.level("A"))["on_hand"] == 4

    await eventually_async(good_one_has_arrived)


async def test_what_took_effect_is_announced_once_on_the_sales_topic(inventory: Inventory) -> None:
    await inventory.stock("A", S1=5)
    sale = till_event("sale", "1", "2017-11-20T09:00:00Z", ("A", 2), sequence="7")
    await inventory.send(sale)
    await inventory.send(sale)
    await inventory.send(till_event("sale", "2", "2017-11-20T09:00:00Z", ("A", 1)))

    async def both_are_announced() -> bool:
        return sum((await inventory.bus.end_offsets("zaiko.sales")).values()) >= 2

    await eventually_async(both_are_announced)
    end = await inventory.bus.end_offsets("zaiko.sales")
    seen = [record async for record in inventory.bus.read("zaiko.sales", {}, end)]
    assert [record.message.headers["ce_id"] for record in seen] == ["1", "2"]
    first = tills.TillReceipt.model_validate_json(seen[0].message.value)
    assert first.lines[0].quantity == 2
    assert seen[0].message.headers["ce_type"] == "zaiko.sale.recorded.v1"
    assert seen[0].message.key == "S1"


@pytest.mark.parametrize(
    ("role", "location_id", "status"), [("till", "S1", 202), ("till", "S2", 403), ("storefront", None, 403)]
)
async def test_a_till_speaks_for_its_own_store_only(
    inventory: Inventory, role: str, location_id: str | None, status: int
) -> None:
    await inventory.stock("A", S1=5)
    sale = till_event("sale", "1", "2017-11-20T09:00:00Z", ("A", 2))
    async with inventory.client(role, location_id) as client:
        assert (await inventory.send(sale, client)).status_code == status
