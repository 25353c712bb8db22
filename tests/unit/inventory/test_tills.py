"""What an event tells of the till that sent it."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.inventory.domain.tills import Identity, clock_sample, identify, ranges

NOW = datetime(2017, 11, 20, 9, tzinfo=UTC)
seconds = st.integers(0, 90_000).map(lambda number: timedelta(seconds=number))
skews = st.integers(-90_000, 90_000).map(lambda number: timedelta(seconds=number))


@pytest.mark.parametrize(
    ("source", "identity"),
    [
        ("/locations/S1/tills/2", Identity("/locations/S1/tills/2", "2")),
        ("/locations/S1/tills/2/epochs/2026-01-05", Identity("/locations/S1/tills/2", "2", "2026-01-05")),
        ("/locations/S1/tills/2/epochs/" + "x" * 64, Identity("/locations/S1/tills/2", "2", "x" * 64)),
    ],
)
def test_a_till_and_its_epoch_are_told_by_the_source(source: str, identity: Identity) -> None:
    assert identify(source) == identity


@pytest.mark.parametrize(
    "source",
    [
        "/locations/S1/readers/2",
        "/locations/S1/tills/",
        "/locations/S1/tills/2/",
        "/locations/S1/tills/2/epochs/",
        "/locations/S1/tills/2/epochs/a b",
        "/locations/S1/tills/2/epochs/" + "x" * 65,
        "/locations/S1/tills/2/epochs/a/epochs/b",
    ],
)
def test_a_source_of_another_form_stands_for_itself(source: str) -> None:
    assert identify(source) == Identity(source)


@given(st.lists(st.integers(1, 60)))
def test_ranges_hold_the_numbers_and_nothing_else_and_none_touches_the_next(numbers: list[int]) -> None:
    found = ranges(numbers)
    assert [number for first, last in found for number in range(first, last + 1)] == sorted(set(numbers))
    assert all(one.last + 1 < next_one.first for one, next_one in pairwise(found))


@given(skew=skews, waited_to_be_sent=seconds, way=seconds)
def test_a_sample_is_the_skew_less_the_way_whatever_the_age_of_the_event(
    skew: timedelta, waited_to_be_sent: timedelta, way: timedelta
) -> None:
    sent_at = NOW - way + skew
    sample = clock_sample(sent_at - waited_to_be_sent, sent_at, NOW)
    assert sample == (skew - way).total_seconds()


@given(skew=skews, age=seconds)
def test_without_the_time_of_sending_only_the_future_tells_and_never_more_than_the_skew(
    skew: timedelta, age: timedelta
) -> None:
    sample = clock_sample(NOW - age + skew, None, NOW)
    assert (sample is None) == (skew <= age)
    assert sample is None or 0 < sample <= skew.total_seconds()
