"""Whatever the order, the repeats and the batches: what is missing is what was not told; and how a clock is judged."""

from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.inventory.domain.tills import ranges
from services.inventory.store.tills import missing_ranges
from shared.contracts.values import rfc3339
from tests.integration.inventory.floor import SOURCE, Floor, after, opened, sale

REAL_DATABASE = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
numbers = st.integers(1, 40)
sources = (f"/locations/S1/tills/{number}" for number in count(100))


@pytest.fixture
async def floor(inventory_url: str) -> AsyncIterator[Floor]:
    async with opened(inventory_url) as floor:
        yield floor


@REAL_DATABASE
@given(batches=st.lists(st.lists(numbers, min_size=1, max_size=12), min_size=1, max_size=6))
async def test_what_is_missing_is_what_was_not_told(floor: Floor, batches: list[list[int]]) -> None:
    source = next(sources)
    told: set[int] = set()
    for place, batch in enumerate(batches):
        await floor.tell(after(place), *(sale(number, source=source) for number in batch))
        await floor.look(after(place))
        told |= set(batch)
        row = (await floor.tills())[source]
        assert row.last_sequence == max(told)
        assert missing_ranges(row.missing) == ranges(set(range(1, max(told))) - told)
        assert row.reused_sequences == 0


@REAL_DATABASE
@given(
    batches=st.lists(
        st.lists(st.tuples(numbers, st.sampled_from("abc")), min_size=1, max_size=12), min_size=1, max_size=6
    )
)
async def test_every_new_event_with_a_used_number_is_counted(
    floor: Floor, batches: list[list[tuple[int, str]]]
) -> None:
    source = next(sources)
    told: set[tuple[int, str]] = set()
    for place, batch in enumerate(batches):
        events = [sale(number, source=source, event_id=f"{number}-{life}") for number, life in batch]
        await floor.tell(after(place), *events)
        told |= set(batch)
    await floor.look(after(10))
    assert (await floor.tills())[source].reused_sequences == len(told) - len({number for number, _ in told})


@REAL_DATABASE
@given(skew=st.integers(-5_000, 5_000), ways=st.lists(st.integers(0, 20_000), min_size=1, max_size=5))
async def test_a_clock_is_judged_by_the_event_that_came_quickest(floor: Floor, skew: int, ways: list[int]) -> None:
    source = next(sources)
    for place, way in enumerate(ways):
        await floor.tell(after(place), sent(place + 1, after(place + skew - way), source))
    assert (await floor.tills())[source].clock_skew == skew - min(ways)


def sent(number: int, shown: Any, source: str = SOURCE) -> dict[str, Any]:
    """A sale with what the till's clock showed when it was sent."""
    return sale(number, source=source, sentat=rfc3339(shown))


async def test_a_backlog_does_not_make_a_clock_look_slow_but_a_slow_clock_does(floor: Floor) -> None:
    minute = 60
    await floor.tell(after(0), sent(1, after(-1)))
    await floor.look(after(16 * minute))
    for place in range(10):
        now = after(200 * minute + place)
        await floor.look(now)
        await floor.tell(now, sent(place + 2, now - timedelta(hours=3)))
    assert (await floor.tills())[SOURCE].clock_skew == -1

    for place in range(4):
        now = after((216 + 16 * place) * minute)
        await floor.look(now)
        await floor.tell(now, sent(place + 20, now - timedelta(minutes=5)))
    assert (await floor.tills())[SOURCE].clock_skew == -300


async def test_a_till_that_is_off_keeps_what_is_known_of_its_clock(floor: Floor) -> None:
    await floor.tell(after(0), sent(1, after(-120)))
    for hour in range(1, 5):
        await floor.look(after(3_600 * hour))
    assert (await floor.tills())[SOURCE].clock_skew == -120


async def test_without_the_time_of_sending_an_event_from_the_future_tells(floor: Floor) -> None:
    await floor.tell(after(0), sale(1))
    assert (await floor.tills())[SOURCE].clock_skew is None
    await floor.tell(after(1), sale(2, time=rfc3339(after(91))))
    assert (await floor.tills())[SOURCE].clock_skew == 90


@pytest.mark.parametrize("text", ["yesterday", "2017-11-20", "2017-11-20T09:00:00", "", "99999"])
async def test_a_time_of_sending_that_is_none_is_passed_over(floor: Floor, text: str) -> None:
    assert await floor.tell(after(0), sale(1, sentat=text)) == ["applied"]
    assert (await floor.tills())[SOURCE].clock_skew is None
