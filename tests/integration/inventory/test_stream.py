"""The live stream: nothing left out, nothing twice, and quick."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any

import pytest

from services.inventory.api.stock_feed import Filter, StockFeed, Told
from shared.background import running
from shared.bus.base import Message
from shared.bus.opening import started
from shared.bus.postgres import PostgresBus
from shared.contracts.stock import LEVEL_CHANGED, TOPIC
from tests.integration.inventory.conftest import Inventory, till_event


async def read(inventory: Inventory, params: dict[str, str], last: str | None = None) -> AsyncIterator[dict[str, Any]]:
    """Events as `{id, event, data}`, once the stream is open."""
    headers = {"Last-Event-ID": last} if last else {}
    async with inventory.operator.stream("GET", "/v1/stream", params=params, headers=headers, timeout=60) as answer:
        assert answer.status_code == 200
        fields: dict[str, str] = {}
        async for line in answer.aiter_lines():
            if line and not line.startswith(":"):
                name, _, value = line.partition(": ")
                fields[name] = value
            elif fields:
                yield {**fields, "data": json.loads(fields["data"])}
                fields = {}


def level_changed(sku: str) -> Message:
    data = {"sku": sku, "location_id": "S1", "on_hand": 1, "reserved": 0, "available": 1}
    return Message(TOPIC, f"S1/{sku}", {"ce_type": LEVEL_CHANGED.name}, json.dumps(data).encode())


def skus(told: Sequence[Told]) -> set[str]:
    return {json.loads(level)["sku"] for _, level in told}


async def test_a_till_sale_is_seen_on_the_stream_of_its_store_only(inventory: Inventory) -> None:
    await inventory.stock("A", S1=5, S2=5)
    async with aclosing(read(inventory, {"location_id": "S1"})) as stream:
        first = asyncio.create_task(anext(stream))
        await inventory.move("receipt", "A", "S2", 1, "2017-11-20T08:00:00Z")
        sold = 0
        while not first.done():
            sold += 1
            await inventory.send(till_event("sale", f"{sold}", "2017-11-20T09:00:00Z", ("A", 1)))
            await asyncio.wait([first], timeout=0.2)
        event = first.result()
        assert event["event"] == "stock.level_changed"
        assert (event["data"]["location_id"], event["data"]["on_hand"]) == ("S1", event["data"]["available"])


async def test_levels_that_change_together_go_out_together(database_url: str) -> None:
    together = {f"{number}" for number in range(20)}
    async with started(PostgresBus(database_url)) as bus:
        feed = StockFeed(bus)
        async with running(feed=feed.run), aclosing(feed.follow(Filter("S1", None), None)) as told:  # type: ignore[type-var]
            first = asyncio.create_task(anext(told))
            while not first.done():
                await bus.publish([level_changed("before")])
                await asyncio.wait([first], timeout=0.2)
            await bus.publish([level_changed(sku) for sku in together])
            pieces = [await first]
            while not skus(pieces[-1]) & together:
                pieces.append(await anext(told))
    assert skus(pieces[-1]) >= together


async def test_who_comes_back_with_a_position_gets_what_was_missed_and_nothing_twice(inventory: Inventory) -> None:
    await inventory.stock("A", S1=100)
    seen: list[int] = []
    last = "0.0.0.0.0.0.0.0"

    async def sell() -> None:
        for number in range(40):
            await inventory.send(till_event("sale", str(number), "2017-11-20T09:00:00Z", ("A", 1)))

    selling = asyncio.create_task(sell())
    while not seen or seen[-1] != 60:
        async with aclosing(read(inventory, {"sku": "A"}, last)) as stream:
            for _ in range(7):
                event = await anext(stream)
                last = event["id"]
                seen.append(event["data"]["on_hand"])
                if seen[-1] == 60:
                    break
    await selling
    assert seen == list(range(100, 59, -1))


async def test_a_position_that_is_none_is_refused(inventory: Inventory) -> None:
    answer = await inventory.operator.get("/v1/stream", headers={"Last-Event-ID": "yesterday"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_a_position_that_the_log_never_came_to_is_refused(inventory: Inventory) -> None:
    answer = await inventory.operator.get("/v1/stream", headers={"Last-Event-ID": "7.0.0.0.0.0.0.0"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert "/v1/stream/snapshot" in answer.json()["errors"][0]["detail"]


async def test_a_snapshot_is_for_those_who_may_see_the_store(inventory: Inventory) -> None:
    await inventory.stock("A", S1=5, S2=7)
    async with inventory.client("till", "S1") as till:
        own = (await till.get("/v1/stream/snapshot")).json()
        assert [(level["location_id"], level["on_hand"]) for level in own["items"]] == [("S1", 5)]
        other = await till.get("/v1/stream/snapshot", params={"location_id": "S2"})
        assert (other.status_code, other.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize(("asked", "status"), [({}, 422), ({"location_id": "S9"}, 404), ({"location_id": "a b"}, 422)])
async def test_a_snapshot_of_no_place_is_refused(inventory: Inventory, asked: dict[str, str], status: int) -> None:
    answer = await inventory.operator.get("/v1/stream/snapshot", params=asked)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
