"""An event that breaks the code or the database stops no till: it is put aside with its reason, the rest counts."""

import asyncio
import json
import random
from typing import Any

from sqlalchemy import text

from services.inventory.api.events import BATCH
from tests.integration.inventory.conftest import Inventory, till_event

AT = "2017-11-20T09:00:00Z"
RARE = random.Random(1)


def incompressible(length: int) -> str:
    """Four bytes a letter, so that an index entry of it is larger than PostgreSQL takes."""
    return "".join(chr(RARE.randrange(0x10000, 0x20000)) for _ in range(length))


def poison() -> dict[str, Any]:
    """A sale that every model lets through, and the ledger's index does not."""
    return till_event("sale", incompressible(60), AT, ("A", 1), source=incompressible(500)) | {
        "id": incompressible(500)
    }


async def post(inventory: Inventory, *events: dict[str, Any]) -> dict[str, Any]:
    answer = await inventory.operator.post("/v1/events", content=json.dumps(events), headers={"content-type": BATCH})
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


async def letters(inventory: Inventory) -> list[Any]:
    async with inventory.database.reading() as connection:
        return list((await connection.execute(text("SELECT * FROM dead_letters ORDER BY id"))).all())


async def test_a_sale_that_the_database_cannot_keep_is_put_aside_and_the_others_count(inventory: Inventory) -> None:
    await inventory.stock("A", S1=100)
    good = [till_event("sale", f"good-{number}", AT, ("A", 1)) for number in range(9)]
    others = [post(inventory, till_event("sale", f"other-{number}", AT, ("A", 1))) for number in range(20)]
    report, *reports = await asyncio.gather(post(inventory, *good[:4], poison(), *good[4:]), *others)
    assert all(other == {"accepted": 1, "duplicates": 0, "rejected": []} for other in reports)
    assert (report["accepted"], report["duplicates"]) == (9, 0)
    [rejected] = report["rejected"]
    assert (rejected["index"], rejected["code"]) == (4, "unexpected_fault")
    assert "ledger" not in rejected["detail"]
    assert (await inventory.level("A"))["on_hand"] == 100 - 29
    [letter] = await letters(inventory)
    assert (letter.code, letter.topic, letter.key) == ("unexpected_fault", "zaiko.tills", "S1")
    assert letter.detail.startswith("ProgramLimitExceededError: index row")
    assert "SQLSTATE 54000" in letter.detail
    assert "services/inventory/" in letter.detail


async def test_a_batch_with_members_that_are_no_events_loses_none_of_those_that_are(inventory: Inventory) -> None:
    await inventory.stock("A", S1=5)
    strange: list[Any] = [None, [], {"id": "a\0b", "source": 5}, {"id": "x" * 2_000, "type": "\0"}]
    report = await post(inventory, *strange, till_event("sale", "good", AT, ("A", 1)))
    assert report["accepted"] == 1
    assert [rejected["code"] for rejected in report["rejected"]] == ["malformed_event"] * len(strange)
    kept = await letters(inventory)
    assert [json.loads(letter.value) for letter in kept] == strange
    assert {letter.headers for letter in kept} == {'{"content-type": "application/cloudevents+json"}'}
