"""Until when a bag is held, when its customer is reminded, when its store is late: by the store's own clock."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.pickup.domain.calendar import Calendar, always_open
from services.pickup.domain.deadlines import fall_late, held_until, remind, remind_at
from services.pickup.domain.pickups import Fact, Units
from services.pickup.domain.steps import MakeReady, Pick, Policy, Start, take
from tests.unit.pickup.bags import CODE, NOW, after, ready, requested

HOLD = timedelta(hours=72)
LEAD = timedelta(hours=24)
BERLIN, TOKYO = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Tokyo")
SHOPPING = ((time(10), time(20)),)
"""Ten to eight."""
CLOSED_ON_SUNDAY = dict.fromkeys(range(6), SHOPPING)
CALENDARS = st.builds(
    Calendar,
    time_zone=st.sampled_from([BERLIN, TOKYO, ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe")]),
    weekly=st.dictionaries(
        st.integers(0, 6),
        st.sampled_from([SHOPPING, ((time(9), time(12)), (time(14), time(18, 30))), ((time(22), time(2)),)]),
        min_size=1,
    ),
    exceptions=st.dictionaries(st.dates(date(2026, 3, 20), date(2026, 4, 10)), st.just(()), max_size=5),
)
POLICY = Policy(HOLD, timedelta(minutes=15), LEAD)
PICKED = after(requested(A=2), Start(), Pick("A", 2))
INSTANTS = st.datetimes(datetime(2026, 3, 20), datetime(2026, 4, 10), timezones=st.just(UTC))  # noqa: DTZ001


def berlin(day: int, hour: int, minute: int = 0, month: int = 3, fold: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=BERLIN, fold=fold)


@pytest.mark.parametrize(
    ("ready_at", "until"),
    [
        # A Tuesday noon and 72 hours are a Friday noon: it is held until the store closes that day.
        (berlin(17, 12), berlin(17 + 3, 20)),
        # A Wednesday evening after closing: 72 hours on is a Saturday evening, and on Sunday nobody is there.
        (berlin(18, 21), berlin(23, 20)),
        # Over the night in which the clocks go forward: Friday 10:30 + 72 h is Monday 11:30.
        (berlin(27, 10, 30), berlin(30, 20)),
        # Thursday 20:30 + 72 h is 21:30 on the short Sunday; by UTC Monday closes an hour before Saturday.
        (berlin(26, 20, 30), berlin(30, 20)),
        # Over the night in which they go back: Friday 20:30 + 72 h is Monday 19:30, still open.
        (berlin(23, 20, 30, month=10), berlin(26, 20, month=10)),
    ],
)
def test_a_bag_is_held_to_the_closing_of_the_day_on_which_its_time_ends(ready_at: datetime, until: datetime) -> None:
    calendar = Calendar(BERLIN, CLOSED_ON_SUNDAY)
    assert held_until(ready_at.astimezone(UTC), HOLD, calendar) == until
    assert until.astimezone(BERLIN).hour == 20


def test_a_holiday_holds_a_bag_for_longer() -> None:
    calendar = Calendar(BERLIN, CLOSED_ON_SUNDAY, {date(2026, 3, 20): (), date(2026, 3, 21): ((time(10), time(14)),)})
    assert held_until(berlin(17, 12).astimezone(UTC), HOLD, calendar) == berlin(21, 14)


def test_a_store_without_hours_holds_a_bag_for_just_so_long() -> None:
    assert held_until(NOW, HOLD, None) == held_until(NOW, HOLD, always_open(TOKYO)) == NOW + HOLD
    assert remind_at(NOW, NOW + HOLD, LEAD, None) == NOW + HOLD - LEAD


@given(CALENDARS, INSTANTS, st.timedeltas(timedelta(hours=1), timedelta(days=9)))
def test_no_bag_lapses_early_or_while_the_store_is_open_and_none_much_later(
    calendar: Calendar, ready_at: datetime, hold: timedelta
) -> None:
    until = held_until(ready_at, hold, calendar)
    assert ready_at + hold <= until
    assert not calendar.is_open(until)
    assert calendar.is_open(until - timedelta(microseconds=1))
    assert until <= calendar.next_opening(ready_at + hold) + timedelta(hours=11)


@given(CALENDARS, INSTANTS, st.timedeltas(timedelta(hours=1), timedelta(days=9)), st.timedeltas(timedelta(), LEAD * 3))
def test_a_customer_is_reminded_in_time_while_the_store_is_open_or_not_at_all(
    calendar: Calendar, ready_at: datetime, hold: timedelta, lead: timedelta
) -> None:
    until = held_until(ready_at, hold, calendar)
    at = remind_at(ready_at, until, lead, calendar)
    if at is not None:
        assert max(ready_at, until - lead) <= at < until
        assert calendar.is_open(at)
    else:
        assert lead == timedelta() or calendar.next_opening(until - lead) <= ready_at


def test_what_is_made_ready_knows_its_end_and_its_reminder() -> None:
    calendar = Calendar(TOKYO, dict.fromkeys(range(7), SHOPPING))
    made = take(PICKED, MakeReady(CODE, calendar=calendar), NOW, POLICY).pickup
    assert made.held_until is not None
    assert made.held_until == held_until(NOW, HOLD, calendar)
    assert made.remind_at == remind_at(NOW, made.held_until, LEAD, calendar)


def test_a_store_is_late_from_the_moment_on_at_which_the_bag_should_be_ready_and_once() -> None:
    bag = requested(A=2)
    assert fall_late(bag, bag.due_at - timedelta(microseconds=1)).facts == ()
    late = fall_late(bag, bag.due_at)
    assert (late.pickup.late_at, late.facts) == (bag.due_at, (Fact("late", (Units("A", 2),)),))
    assert fall_late(late.pickup, bag.due_at + HOLD).facts == ()
    assert fall_late(ready(A=2), bag.due_at + HOLD).facts == ()


def test_a_customer_is_reminded_once_and_of_no_bag_that_has_lapsed() -> None:
    bag = take(PICKED, MakeReady(CODE), NOW, POLICY).pickup
    assert bag.remind_at is not None
    assert bag.held_until is not None
    assert remind(bag, bag.remind_at - timedelta(microseconds=1)).facts == ()
    reminded = remind(bag, bag.remind_at)
    assert reminded.facts == (Fact("reminded", (Units("A", 2),)),)
    assert remind(reminded.pickup, bag.remind_at).facts == ()
    assert remind(bag, bag.held_until).facts == ()
