"""The watch as operations see it: over HTTP, on the bus and in the metrics, with two processes of inventory."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from shared.contracts.event import from_object
from shared.contracts.till_health import TOPIC
from shared.contracts.values import rfc3339
from tests.conditions import eventually_async
from tests.integration.inventory.conftest import Inventory, Start
from tests.integration.inventory.floor import SOURCE, sale


@pytest.fixture
async def two(start_inventory: Start) -> AsyncIterator[list[Inventory]]:
    async with (
        start_inventory(till_watch_interval_seconds=0.05) as first,
        start_inventory(till_watch_interval_seconds=0.05) as second,
    ):
        await first.stock("A", S1=50)
        yield [first, second]


def advance(processes: list[Inventory], seconds: float) -> None:
    for process in processes:
        process.clock.advance(timedelta(seconds=seconds))


async def announced(inventory: Inventory) -> list[dict[str, Any]]:
    """What is on the topic: each event's data, and its `type` without what all have in common."""
    end = await inventory.bus.end_offsets(TOPIC)
    return [
        {**json.loads(record.message.value), "type": record.message.headers["ce_type"].split(".")[2]}
        async for record in inventory.bus.read(TOPIC, {}, end)
    ]


async def until(inventory: Inventory, *kinds: str) -> list[dict[str, Any]]:
    """Returns the events once there are so many on the topic; they must be these."""

    async def all_are_announced() -> bool:
        return len(await announced(inventory)) >= len(kinds)

    await eventually_async(all_are_announced)
    found = await announced(inventory)
    assert sorted(event["type"] for event in found) == sorted(kinds)
    return found


async def tills(inventory: Inventory, **filters: Any) -> list[dict[str, Any]]:
    answer = await inventory.operator.get("/v1/tills", params=filters)
    answer.raise_for_status()
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def metrics(inventory: Inventory) -> dict[str, float]:
    async with httpx.AsyncClient(base_url=inventory.url) as client:
        lines = (await client.get("/metrics")).text.splitlines()
    return {line.split()[0]: float(line.split()[1]) for line in lines if line.startswith("zaiko_till")}


async def test_a_till_that_skips_a_number_and_then_goes_quiet_is_told_by_every_means(two: list[Inventory]) -> None:
    first, _ = two
    for number in (1, 3):
        await first.send(sale(number, sentat=rfc3339(datetime.now(UTC) + timedelta(hours=1))))

    async def gap_is_noted() -> bool:
        return bool((await tills(first))[0]["gap_open_since"])

    await eventually_async(gap_is_noted)
    assert [till["states"] for till in await tills(first, state="healthy")] == [["healthy"]]
    advance(two, 301)
    [gap] = await until(first, "gap_open")
    assert gap["missing_sequences"] == [{"first": 2, "last": 2}]
    advance(two, 700)
    await until(first, "gap_open", "silent")

    [till] = await tills(first, state="silent", location_id="S1")
    assert till["states"] == ["silent", "gap"]
    assert (till["till_id"], till["epoch"], till["current"], till["missing_events"]) == ("2", None, True, 1)
    assert 3_500 < till["clock_skew_seconds"] <= 3_600

    async def gauges_are_up_to_date() -> bool:
        found = await metrics(first)
        return (found["zaiko_tills_silent"], found["zaiko_tills_with_gap"]) == (1, 1)

    await eventually_async(gauges_are_up_to_date)
    found = await metrics(first)
    assert (found["zaiko_tills"], found["zaiko_till_missing_events"]) == (1, 1)
    assert found["zaiko_till_lag_seconds"] == pytest.approx(till["lag_seconds"])
    assert found["zaiko_till_clock_skew_seconds"] == pytest.approx(till["clock_skew_seconds"])

    await first.publish(from_object(sale(2), "S1"))

    async def nothing_is_wrong_any_more() -> bool:
        return bool(await tills(first, state="healthy"))

    await eventually_async(nothing_is_wrong_any_more)
    advance(two, 901)
    events = await until(first, "gap_open", "silent", "heard_again", "gap_closed", "silent")
    assert {event["source"] for event in events} == {SOURCE}


async def test_epochs_of_tills_are_listed_page_by_page_the_ones_of_a_till_together(two: list[Inventory]) -> None:
    first, _ = two
    sources = [
        f"/locations/S1/tills/{till}{epoch}" for till in ("2", "2-b", "20") for epoch in ("", "/epochs/1", "/epochs/2")
    ]
    for source in sources:
        await first.send(sale(1, source=source))
    listed = []
    page: dict[str, Any] = {"next_cursor": None}
    while page:
        params = {"limit": 2} | ({"cursor": page["next_cursor"]} if page["next_cursor"] else {})
        page = (await first.operator.get("/v1/tills", params=params)).json()
        listed += [(till["source"], till["current"]) for till in page["items"]]
        page = page if page["next_cursor"] else {}
    assert listed == [(source, source.endswith("2") and "epochs" in source) for source in sources]


async def test_numbers_used_twice_are_counted_and_told(two: list[Inventory]) -> None:
    first, _ = two
    before = (await metrics(first))["zaiko_till_reused_sequences_total"]
    await first.send(sale(1))
    await first.send(sale(1, event_id="after-the-restart"))

    async def they_are_told() -> bool:
        return bool(await tills(first, state="reused"))

    await eventually_async(they_are_told)
    [till] = await tills(first)
    assert (till["reused_sequences"], till["reused_at"]) == (1, till["last_seen_at"])

    async def they_are_counted() -> bool:
        return (await metrics(first))["zaiko_till_reused_sequences_total"] == before + 1

    await eventually_async(they_are_counted)


async def test_an_unknown_state_is_refused(two: list[Inventory]) -> None:
    answer = await two[0].operator.get("/v1/tills", params={"state": "tired"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
