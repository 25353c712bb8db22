"""`zaiko dead-letters`: what could not take effect is found, understood, put right or let go."""

import json
import subprocess
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from shared.bus.base import Message
from shared.bus.postgres import PostgresBus
from shared.contracts import tills
from shared.contracts.event import from_object, to_headers
from shared.embedded import url_of_running
from tests.conditions import eventually_async
from tests.system.installation import ZAIKO, Installation, zaiko

SOLD_AT = "2017-11-20T09:00:00Z"
BATCH = {"content-type": "application/cloudevents-batch+json"}


def sale(store: str, event_id: str, **changes: Any) -> dict[str, Any]:
    data = {"location_id": store, "till_id": "2", "receipt_id": event_id, "lines": [{"sku": "A", "quantity": 1}]}
    event = {"specversion": "1.0", "id": event_id, "source": f"/locations/{store}/tills/2", "time": SOLD_AT}
    return {**event, "type": tills.SALE.name, "data": data, **changes}


def message(event: dict[str, Any]) -> Message:
    read = from_object(event)
    return Message(tills.TOPIC, event["data"]["location_id"], to_headers(read), read.data)


def dead_letters(installation: Installation, *arguments: str) -> subprocess.CompletedProcess[str]:
    return zaiko("dead-letters", *arguments, "--data-dir", str(installation.data_dir))


def launch(installation: Installation, *arguments: str) -> subprocess.Popen[str]:
    command = [*ZAIKO, "dead-letters", *arguments, "--data-dir", str(installation.data_dir)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def refused(installation: Installation, *arguments: str) -> bool:
    """Whether the command asks, and does nothing when the answer is no."""
    process = launch(installation, *arguments)
    said, _ = process.communicate("n\n", timeout=60)
    return process.returncode == 1 and said.startswith(("Delete", "Publish"))


def listed(installation: Installation, *filters: str) -> list[dict[str, Any]]:
    said = dead_letters(installation, "list", "--json", "--limit", "1000", *filters)
    assert said.returncode == 0, said.stderr
    return [json.loads(line) for line in said.stdout.splitlines()]


def letter_of(installation: Installation, event_id: str) -> dict[str, Any]:
    return next(letter for letter in listed(installation) if letter["event_id"] == event_id)


async def open_store(operator: httpx.AsyncClient, store: str) -> None:
    body = {"name": store, "kind": "store", "ships": True, "offers_pickup": True}
    (await operator.put(f"/inventory/v1/locations/{store}", json=body)).raise_for_status()


async def on_hand(operator: httpx.AsyncClient, store: str) -> int | None:
    levels = (await operator.get("/inventory/v1/stock", params={"location_id": store})).json()["items"]
    return levels[0]["on_hand"] if levels else None


async def tell(operator: httpx.AsyncClient, *events: dict[str, Any]) -> dict[str, Any]:
    answer = await operator.post("/inventory/v1/events", json=list(events), headers=BATCH)
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


async def test_a_sale_of_a_store_that_nobody_had_told_of_counts_once_it_is_retried(
    shared_installation: Installation,
) -> None:
    store, event_id = uuid4().hex, uuid4().hex
    async with shared_installation.client("operator") as operator:
        for _ in range(2):  # the till repeats itself, as tills do
            assert len((await tell(operator, sale(store, event_id)))["rejected"]) == 1
        letter = letter_of(shared_installation, event_id)
        assert (letter["code"], letter["topic"], letter["key"]) == ("unknown_location", tills.TOPIC, store)
        shown = dead_letters(shared_installation, "show", letter["id"])
        assert shown.returncode == 0, shown.stderr
        for part in (f"there is no location {store}", f'"receipt_id": "{event_id}"', "ce_time", SOLD_AT):
            assert part in shown.stdout

        await open_store(operator, store)
        said = dead_letters(shared_installation, "retry", letter["id"])
        assert (said.returncode, said.stdout) == (0, "published 1 again\n"), said.stderr

        async def counts() -> bool:
            return await on_hand(operator, store) == -1

        await eventually_async(counts)
        assert [each for each in listed(shared_installation) if each["event_id"] == event_id] == []
        again = dead_letters(shared_installation, "retry", letter["id"])
        assert again.returncode == 1
        assert again.stderr.startswith(f"zaiko: not there: {letter['id']}")
        gone = dead_letters(shared_installation, "show", letter["id"])
        assert gone.returncode == 1
        assert gone.stderr.startswith(f"zaiko: there is no dead letter {letter['id']}")
        assert (await tell(operator, sale(store, event_id)))["duplicates"] == 1
    assert shared_installation.verify().returncode == 0


async def test_poison_among_five_hundred_events_of_the_bus_is_put_aside_and_the_rest_counts(
    shared_installation: Installation,
) -> None:
    store = uuid4().hex
    bus = PostgresBus(url_of_running(shared_installation.data_dir))
    await bus.start()
    async with shared_installation.client("operator") as operator:
        await open_store(operator, store)
        events = [message(sale(store, f"{store}-{number}")) for number in range(498)]
        invalid = message(sale(store, f"{store}-invalid"))._replace(value=b'{"location_id": 5}')
        nameless = Message(tills.TOPIC, store, {"ce_id": "\x1b[2J"}, b"\xff")
        await bus.publish([*events[:100], invalid, *events[100:400], nameless, *events[400:]])

        async def all_count() -> bool:
            return await on_hand(operator, store) == -498

        await eventually_async(all_count)
    await bus.stop()
    letters = [letter for letter in listed(shared_installation) if letter["key"].startswith(store)]
    assert sorted(letter["code"] for letter in letters) == ["invalid_event", "malformed_event"]
    malformed = next(letter for letter in letters if letter["code"] == "malformed_event")
    assert malformed["headers"] == {"ce_id": "\x1b[2J"}
    table = dead_letters(shared_installation, "list").stdout
    assert malformed["id"] in table
    assert "\x1b" not in table + dead_letters(shared_installation, "show", malformed["id"]).stdout


async def test_what_fails_again_is_a_new_dead_letter_and_what_is_dropped_is_gone(
    shared_installation: Installation,
) -> None:
    event_id = uuid4().hex
    async with shared_installation.client("operator") as operator:
        await tell(operator, sale("S1", event_id, type=f"zaiko.till.{event_id}"), sale("S1", event_id, data={}))
    found = {letter["code"]: letter for letter in listed(shared_installation) if letter["event_id"] == event_id}
    assert set(found) == {"unknown_event_type", "invalid_event"}
    first = found["unknown_event_type"]
    assert dead_letters(shared_installation, "retry", first["id"]).returncode == 0

    async def is_back() -> bool:
        again = [letter for letter in listed(shared_installation) if letter["type"] == first["type"]]
        return bool(again) and again[0]["id"] != first["id"]

    await eventually_async(is_back)
    assert refused(shared_installation, "drop", "--all")
    assert refused(shared_installation, "retry", "--all")
    assert letter_of(shared_installation, event_id)
    count = len(listed(shared_installation, "--code", "invalid_event"))
    said = dead_letters(shared_installation, "drop", "--all", "--code", "invalid_event", "--yes")
    assert (said.returncode, said.stdout) == (0, f"dropped {count}\n")
    assert listed(shared_installation, "--code", "invalid_event") == []
    assert listed(shared_installation, "--code", "unknown_event_type", "--service", "inventory")
    assert listed(shared_installation, "--topic", "zaiko.orders") == []


async def test_a_letter_that_two_retry_at_once_is_published_once(shared_installation: Installation) -> None:
    store, event_id = uuid4().hex, uuid4().hex
    url = url_of_running(shared_installation.data_dir)
    async with shared_installation.client("operator") as operator:
        await tell(operator, sale(store, event_id))
        letter = letter_of(shared_installation, event_id)
        holder = await asyncpg.connect(url)
        async with holder.transaction():  # both come to the letter before either can take it
            await holder.execute(
                "SELECT FROM inventory.dead_letters WHERE id = $1 FOR UPDATE", int(letter["id"].partition("/")[2])
            )
            both = [launch(shared_installation, "retry", letter["id"]) for _ in range(2)]

            async def both_wait() -> bool:
                waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE $1"
                watcher = await asyncpg.connect(url)
                found = await watcher.fetchval(waiting, "%DELETE FROM dead_letters%")
                await watcher.close()
                return bool(found == 2)

            await eventually_async(both_wait)
        await holder.close()
        assert sorted(process.wait(60) for process in both) == [0, 1]

        async def is_back() -> bool:
            return any(each["event_id"] == event_id for each in listed(shared_installation))

        await eventually_async(is_back)
    bus = PostgresBus(url)
    await bus.start()
    ends = await bus.end_offsets(tills.TOPIC)
    told = [record.message async for record in bus.read(tills.TOPIC, {}, ends)]
    await bus.stop()
    published = [message for message in told if message.headers.get("ce_id") == event_id]
    assert [message.key for message in published] == [store]
    assert len([each for each in listed(shared_installation) if each["event_id"] == event_id]) == 1


async def test_a_stopped_installation_keeps_what_is_retried_until_it_is_up_again(installation: Installation) -> None:
    store, event_id = uuid4().hex, uuid4().hex
    async with installation.client("operator") as operator:
        await tell(operator, sale(store, event_id))
        await open_store(operator, store)
    installation.stop()
    said = dead_letters(installation, "retry", "--all", "--yes")
    assert (said.returncode, said.stdout) == (0, "published 1 again\n"), said.stderr
    installation.start()
    async with installation.client("operator") as operator:

        async def counts() -> bool:
            return await on_hand(operator, store) == -1

        await eventually_async(counts)
    empty = dead_letters(installation, "list")
    assert (empty.returncode, empty.stdout) == (0, "no dead letters\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ["retry"],
        ["drop", "inventory/1", "--all"],
        ["retry", "inventory/1", "--code", "unknown_location"],
        ["show", "42"],
        ["show", "elsewhere/42"],
        ["list", "--service", "elsewhere"],
    ],
)
def test_what_makes_no_sense_is_told_with_the_usage(arguments: list[str]) -> None:
    assert zaiko("dead-letters", *arguments).returncode == 2
