"""Rates from the instants at which batches were begun."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.bench.ledger import Batch, rate_after_first_tenth, rates, while_fed

BEGIN = datetime(2017, 1, 1, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return BEGIN + timedelta(seconds=seconds)


STEADY = [Batch(at(number), 100) for number in range(20)]


def test_a_steady_ledger_has_one_rate() -> None:
    assert rates(STEADY, at(20)) == [100.0] * 10
    assert rate_after_first_tenth(STEADY, at(20)) == 100.0


def test_a_part_lasts_until_the_next_begins() -> None:
    slower = [*STEADY[:10], *(Batch(at(10 + 2 * number), 100) for number in range(10))]
    assert rates(slower, at(30), parts=2) == [100.0, 50.0]


def test_batches_of_any_size_are_counted_once() -> None:
    uneven = [Batch(at(0), 30), Batch(at(1), 50), Batch(at(2), 20), Batch(at(4), 100)]
    assert rates(uneven, at(5), parts=2) == [25.0, 100.0]


def test_the_first_batch_is_not_counted_where_it_is_a_tenth() -> None:
    assert rate_after_first_tenth([Batch(at(0), 10), Batch(at(8), 90)], at(10)) == 45.0


def test_batches_that_are_too_large_say_nothing() -> None:
    with pytest.raises(ValueError, match="too few"):
        rates(STEADY[:5], at(5))
    with pytest.raises(ValueError, match="nine tenths"):
        rate_after_first_tenth([Batch(at(0), 10)], at(1))


def test_what_drains_at_the_end_is_left_out() -> None:
    assert while_fed(STEADY, at(4.5), at(20)) == (STEADY[:5], at(5))
    assert while_fed(STEADY, at(30), at(20)) == (STEADY, at(20))
