"""Tills that sleep, skip numbers and are replaced: each is said once, and said again when it is over."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from services.inventory.usecases.tills import record_till_events
from shared.statements import send_gathered
from tests.integration.inventory.floor import SOURCE, Floor, after, opened, readings, sale

NEW = f"{SOURCE}/epochs/2017-11-20"


@pytest.fixture
async def floor(inventory_url: str) -> AsyncIterator[Floor]:
    async with opened(inventory_url) as floor:
        yield floor


async def test_a_till_falls_silent_once_and_is_heard_again_once(floor: Floor) -> None:
    await floor.tell(after(0), sale(1))
    assert await floor.look(after(900)) == []
    [(kind, silent)] = await floor.look(after(901))
    assert kind == "silent"
    assert silent == {
        "location_id": "S1",
        "till_id": "2",
        "source": SOURCE,
        "last_seen_at": "2017-11-20T09:00:00Z",
        "last_sequence": 1,
    }
    assert list(await floor.tills("silent")) == [SOURCE]
    assert await floor.look(after(5_000)) == []

    await floor.tell(after(5_100), sale(2))
    assert await floor.tills("silent") == {}
    [(kind, heard)] = await floor.look(after(5_101))
    assert (kind, heard["silent_since"], heard["last_seen_at"]) == (
        "heard_again",
        "2017-11-20T09:00:00Z",
        "2017-11-20T10:25:00Z",
    )
    assert "replaced_by" not in heard
    assert await floor.look(after(5_102)) == []
    assert [kind for kind, _ in await floor.look(after(6_001))] == ["silent"]


async def test_a_till_that_spoke_between_two_looks_and_is_silent_again_is_said_to_be_both(floor: Floor) -> None:
    await floor.tell(after(0), sale(1))
    await floor.look(after(901))
    await floor.tell(after(1_000), sale(2))
    assert [kind for kind, _ in await floor.look(after(2_000))] == ["heard_again", "silent"]


async def test_nobody_was_silent_while_nobody_listened(floor: Floor) -> None:
    await floor.tell(after(0), sale(1))
    assert await floor.look(after(50_000), listening_since=after(49_100)) == []
    assert [kind for kind, _ in await floor.look(after(50_001), listening_since=after(49_100))] == ["silent"]


async def test_what_names_no_till_is_not_silent_between_two_counts(floor: Floor) -> None:
    await floor.tell(after(0), sale(2, source="/locations/S1/readers/9"))
    assert [kind for kind, _ in await floor.look(after(901))] == ["gap_open"]


async def test_each_is_reported_once_however_many_watch_at_once(floor: Floor) -> None:
    sources = [f"/locations/S1/tills/{number}" for number in range(40)]
    await floor.tell(after(0), *(sale(2, source=source) for source in sources))
    for now in (1, 902, 903):
        await asyncio.gather(*(floor.watch(after(now)) for _ in range(6)))
    seen = Counter((kind, data["source"]) for kind, data in await floor.announced())
    assert seen == dict.fromkeys([(kind, source) for kind in ("silent", "gap_open") for source in sources], 1)


async def test_the_watch_does_not_wait_for_a_till_that_is_telling(floor: Floor) -> None:
    await floor.tell(after(0), sale(1))
    async with floor.database.transaction() as transaction, asyncio.timeout(30):
        await record_till_events(transaction, readings(sale(2)), after(901))
        await send_gathered(transaction)
        assert await floor.look(after(901)) == []
    assert await floor.look(after(902)) == []


async def test_a_gap_is_reported_once_and_closed_once(floor: Floor) -> None:
    await floor.tell(after(0), *(sale(number) for number in (1, 2, 6, 9)))
    assert await floor.look(after(10)) == []
    await floor.tell(after(20), sale(7))
    assert await floor.look(after(300)) == []
    assert await floor.tills("gap") == {}

    [(kind, gap)] = await floor.look(after(301))
    assert (kind, gap["open_since"]) == ("gap_open", "2017-11-20T09:00:00Z")
    assert gap["missing_events"] == 4
    assert gap["missing_sequences"] == [{"first": 3, "last": 5}, {"first": 8, "last": 8}]
    assert list(await floor.tills("gap")) == [SOURCE]

    await floor.tell(after(400), sale(8), sale(3), sale(5))
    assert await floor.look(after(401)) == []
    await floor.tell(after(402), sale(4))
    assert await floor.tills("gap") == {}
    [(kind, closed)] = await floor.look(after(403))
    assert (kind, closed) == ("gap_closed", gap)
    assert await floor.look(after(404)) == []


async def test_a_gap_that_closes_in_time_is_nobodys_business(floor: Floor) -> None:
    await floor.tell(after(0), sale(1), sale(3))
    await floor.look(after(10))
    assert [row.open_since for row in (await floor.tills()).values()] == [after(0)]
    await floor.tell(after(200), sale(2))
    assert await floor.look(after(400)) == []
    assert [row.open_since for row in (await floor.tills()).values()] == [None]


async def test_a_later_gap_has_its_own_time(floor: Floor) -> None:
    await floor.tell(after(0), sale(2))
    await floor.look(after(1))
    await floor.tell(after(200), sale(4))
    await floor.look(after(201))
    [(_, first)] = await floor.look(after(301))
    assert first["missing_sequences"] == [{"first": 1, "last": 1}]
    [(_, second)] = await floor.look(after(501))
    assert second["missing_sequences"] == [{"first": 3, "last": 3}]


async def test_a_gap_of_very_many_numbers_is_two_numbers(floor: Floor) -> None:
    await floor.tell(after(0), sale(10**17))
    await floor.look(after(1))
    [(_, gap)] = await floor.look(after(301))
    assert gap["missing_sequences"] == [{"first": 1, "last": 10**17 - 1}]
    assert gap["missing_events"] == 10**17 - 1


async def test_of_a_gap_in_very_many_pieces_the_first_are_named_and_all_are_counted(floor: Floor) -> None:
    await floor.tell(after(0), *(sale(number) for number in range(2, 601, 2)))
    await floor.look(after(1))
    [(_, gap)] = await floor.look(after(301))
    assert gap["missing_events"] == 300
    assert len(gap["missing_sequences"]) == 100


async def test_a_till_that_was_replaced_counts_from_one_again_and_every_event_counts(floor: Floor) -> None:
    numbers = range(1, 41)
    await floor.tell(after(0), *(sale(number) for number in numbers))
    effects = await floor.tell(after(60), *(sale(number, source=NEW) for number in numbers))
    assert set(effects) == {"applied"}
    known = await floor.tills()
    assert {source: row.is_current for source, row in known.items()} == {SOURCE: False, NEW: True}
    assert [(row.last_sequence, row.missing, row.reused_sequences) for row in known.values()] == [(40, [], 0)] * 2
    assert list(await floor.tills("replaced")) == [SOURCE]
    assert list(await floor.tills("healthy")) == [NEW]


async def test_a_replaced_epoch_is_never_silent_and_its_gap_is_reported_once(floor: Floor) -> None:
    await floor.tell(after(0), sale(3))
    await floor.look(after(1))
    await floor.tell(after(10), sale(1, source=NEW))
    [(kind, gap)] = await floor.look(after(500))
    assert (kind, gap["source"], "epoch" in gap) == ("gap_open", SOURCE, False)
    [(kind, silent)] = await floor.look(after(1_000))
    assert (kind, silent["source"], silent["epoch"]) == ("silent", NEW, "2017-11-20")
    assert await floor.look(after(1_001)) == []


async def test_a_silence_ends_when_the_till_that_replaced_the_silent_one_speaks(floor: Floor) -> None:
    await floor.tell(after(0), sale(1))
    await floor.look(after(901))
    await floor.tell(after(2_000), sale(1, source=NEW))
    [(kind, heard)] = await floor.look(after(2_001))
    assert (kind, heard["source"], heard["replaced_by"]) == ("heard_again", SOURCE, NEW)
    assert await floor.look(after(2_002)) == []


async def test_numbers_that_are_used_twice_without_a_new_epoch_are_seen_and_their_events_count(floor: Floor) -> None:
    await floor.tell(after(0), *(sale(number) for number in (1, 2, 3, 5)))
    again = [sale(number, event_id=f"after-the-restart-{number}") for number in (1, 2, 4)]
    assert await floor.tell(after(60), *again, sale(3)) == ["applied", "applied", "applied", "duplicate"]
    await floor.look(after(70))
    row = (await floor.tills("reused"))[SOURCE]
    assert (row.last_sequence, row.missing, row.reused_sequences, row.reused_at) == (5, [], 2, after(60))

    await floor.tell(after(80), *again)
    await floor.look(after(90))
    assert (await floor.tills())[SOURCE].reused_at == after(60)
    await floor.tell(after(100), sale(1, source=NEW))
    assert await floor.tills("reused") == {}
