from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.inventory.domain.allocation import Request
from services.inventory.domain.backorders import (
    Expected,
    Owed,
    Waiting,
    backorder,
    is_disturbed,
    look,
    renounce,
    unpromised,
)
from services.inventory.domain.channels import Bounds
from services.inventory.domain.levels import Key, Level

NOW = datetime(2017, 11, 20, 9, tzinfo=UTC)
KEY: Key = ("W1", "A")
PLACES = ("S1", "W1", "W2")
SKUS = ("A", "B")
UNITS = st.integers(1, 4)
DELIVERIES = st.lists(st.tuples(UNITS, st.integers(1, 9)), max_size=5).map(
    lambda found: [Expected(units, NOW + timedelta(days=day)) for units, day in sorted(found, key=lambda at: at[1])]
)
POLICIES = st.sampled_from(["single_location", "fewest_splits", "in_order"])
KEYS = st.sampled_from([(place, sku) for place in PLACES for sku in SKUS])


def total(deliveries: Sequence[Expected]) -> int:
    return sum(delivery.quantity for delivery in deliveries)


@given(st.integers(-3, 0), DELIVERIES, st.lists(UNITS, max_size=6))
def test_who_joins_the_queue_gets_the_date_that_a_look_at_it_would_give_and_no_more_than_is_expected(
    there: int, deliveries: list[Expected], orders: list[int]
) -> None:
    available = {KEY: there}
    queue: list[Waiting] = []
    for number, units in enumerate(orders):
        request = Request({"A": units}, "in_order", ["W1"])
        found = backorder(request, available, {}, {KEY: deliveries}, NOW)
        left = total(deliveries) + there - sum(waiting.units for waiting in queue)
        assert (found is not None) == (units <= left)
        if found is not None:
            (owed,) = found.owed
            assert owed.quantity == owed.open == units <= owed.expected == left
            queue.append(Waiting(str(number), units, owed.promised_by))
    assert available[KEY] == there - sum(waiting.units for waiting in queue)
    assert [turn.served for turn in look(queue, there, deliveries, NOW)] == [0] * len(queue)
    assert [turn.promised_by for turn in look(queue, there, deliveries, NOW)] == [
        waiting.promised_by for waiting in queue
    ]


@given(st.integers(-5, 15), DELIVERIES, st.lists(UNITS, max_size=8))
def test_what_has_come_goes_to_the_oldest_promises_and_dates_never_run_backwards(
    there: int, deliveries: list[Expected], units: list[int]
) -> None:
    queue = [Waiting(str(number), quantity, None) for number, quantity in enumerate(units)]
    turns = look(queue, there, deliveries, NOW)
    served = [turn.served for turn in turns]
    assert sum(served) == min(max(0, there), sum(units))
    still = [(turn, waiting) for turn, waiting in zip(turns, queue, strict=True) if turn.served < waiting.units]
    assert all(turn.served == 0 for turn, _ in still[1:])
    dates = [turn.promised_by for turn, _ in still]
    known = [date for date in dates if date is not None]
    assert dates == sorted(known) + [None] * (len(dates) - len(known))
    covered = total(deliveries) + there - sum(units)
    assert (None not in dates) or covered < 0


def test_a_date_that_has_passed_stays_until_somebody_says_when_the_delivery_comes() -> None:
    overdue = [Expected(1, NOW - timedelta(days=1)), Expected(1, NOW + timedelta(days=1))]
    promised = NOW - timedelta(days=2)
    turns = look([Waiting("1", 1, promised), Waiting("2", 1, None)], 0, overdue, NOW)
    assert [turn.promised_by for turn in turns] == [promised, NOW + timedelta(days=1)]
    assert unpromised(overdue, 0, NOW) == overdue[1:]


@given(
    st.dictionaries(st.sampled_from(SKUS), UNITS, min_size=1),
    POLICIES,
    st.lists(st.sampled_from(PLACES), min_size=1),
    st.dictionaries(KEYS, st.integers(-3, 4)),
    st.dictionaries(KEYS, DELIVERIES),
    st.dictionaries(st.sampled_from(PLACES), st.integers(0, 2)),
)
def test_an_order_has_all_its_lines_held_or_owed_or_nothing(
    lines: dict[str, int],
    policy: str,
    candidates: list[str],
    stock: dict[Key, int],
    expected: dict[Key, list[Expected]],
    keep_back: dict[str, int],
) -> None:
    request = Request(lines, policy, candidates, keep_back=keep_back)
    available = dict(stock)
    found = backorder(request, available, {}, expected, NOW)
    if found is None:
        assert available == stock
        return
    units: Counter[str] = Counter()
    taken: Counter[Key] = Counter()
    for share in found.shares:
        units[share.sku] += share.quantity
        taken[share.location_id, share.sku] += share.quantity
    for owed in found.owed:
        units[owed.sku] += owed.open
        assert stock[owed.key] - taken[owed.key] <= 0, "a place that has units promises none ahead"
        assert owed.open <= total(expected[owed.key]) + min(0, stock[owed.key])
    assert units == lines
    owed_at = {owed.key: owed.open for owed in found.owed}
    assert len(owed_at) == len(found.owed)
    assert available == {key: stock[key] - taken[key] - owed_at.get(key, 0) for key in stock}
    if policy == "single_location":
        assert len({place for place, _ in taken} | {place for place, _ in owed_at}) == 1


def test_what_counts_against_a_cap_is_not_promised_ahead() -> None:
    request = Request({"A": 1}, "in_order", ["W1"], bounds={KEY: Bounds(pool=("cap", "A"))})
    expected = {KEY: [Expected(5, NOW + timedelta(days=1))]}
    assert backorder(request, {KEY: 0}, {("cap", "A"): 5}, expected, NOW) is None


@given(
    st.dictionaries(KEYS, st.tuples(UNITS, st.none() | st.integers(1, 9)), max_size=6),
    st.none() | st.dictionaries(st.tuples(st.sampled_from(SKUS), st.none() | st.sampled_from(PLACES)), UNITS),
)
def test_what_is_renounced_is_what_was_wanted_and_would_come_last(
    lines: dict[Key, tuple[int, int | None]], wanted: dict[tuple[str, str | None], int] | None
) -> None:
    owed = [
        Owed(sku, place, units, units, units, NOW, None if day is None else NOW + timedelta(days=day))
        for (place, sku), (units, day) in lines.items()
    ]
    given_up, left = renounce(owed, wanted)
    taken: Counter[Key] = Counter()
    for line, units in given_up:
        taken[line.key] += units
    assert all(0 < taken[key] <= lines[key][0] for key in taken)
    if wanted is None:
        assert (taken, left) == ({line.key: line.open for line in owed}, None)
        return
    assert left is not None
    assert sum(taken.values()) == sum(wanted.values()) - sum(left.values())
    for sku, place in left:
        if place is None:
            assert all(taken[key] == lines[key][0] for key in lines if key[1] == sku), "held units come back last"


def test_the_queue_is_looked_at_when_there_is_more_or_less_for_it_but_not_for_who_joins_or_is_served() -> None:
    waiting = Level(on_hand=1, reserved=1, awaited=3)
    arrived = Level(on_hand=3, reserved=1, awaited=3)
    assert is_disturbed(waiting, arrived)
    assert is_disturbed(waiting, Level(on_hand=0, reserved=1, awaited=3)), "a till sold"
    assert is_disturbed(waiting, Level(on_hand=1, reserved=1, awaited=2)), "somebody left"
    assert not is_disturbed(waiting, Level(on_hand=1, reserved=1, awaited=4)), "somebody joined"
    assert not is_disturbed(waiting, Level(on_hand=1, reserved=1, awaited=0)), "nobody is left"
    assert not is_disturbed(arrived, Level(on_hand=3, reserved=3, awaited=1)), "somebody was served"
