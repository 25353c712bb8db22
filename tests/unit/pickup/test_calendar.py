"""A store's calendar: local hours, days that differ, and the days on which the clock is changed."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.pickup.domain.calendar import NEVER_CLOSES, Calendar, Hours, always_open

TOKYO = ZoneInfo("Asia/Tokyo")
NEW_YORK = ZoneInfo("America/New_York")
SHOP_HOURS: Hours = ((time(10), time(20)),)
SHOP = Calendar(TOKYO, dict.fromkeys(range(6), SHOP_HOURS), {date(2026, 1, 1): (), date(2026, 1, 4): SHOP_HOURS})
NIGHTS = Calendar(NEW_YORK, dict.fromkeys(range(7), ((time(22), time(3)),)))
HOUR = timedelta(hours=1)
QUARTER_HOURS = [time(hour, minute) for hour in range(24) for minute in (0, 15, 30, 45)]


def at(day: int, hour: int, minute: int = 0, *, month: int = 1, zone: ZoneInfo = TOKYO) -> datetime:
    """An instant of 2026 by the clock on the wall."""
    return datetime(2026, month, day, hour, minute, tzinfo=zone).astimezone(UTC)


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    zone = draw(st.sampled_from(["Asia/Tokyo", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]))
    hours = st.lists(st.tuples(st.sampled_from(QUARTER_HOURS), st.sampled_from(QUARTER_HOURS)), max_size=3)
    weekly = draw(st.dictionaries(st.integers(0, 6), hours).filter(lambda week: any(week.values())))
    days = st.dates(date(2026, 3, 1), date(2026, 4, 15))
    return Calendar(ZoneInfo(zone), weekly, draw(st.dictionaries(days, hours, max_size=10)))


INSTANTS = st.datetimes(datetime(2026, 3, 1), datetime(2026, 4, 15), timezones=st.just(UTC))  # noqa: DTZ001
DURATIONS = st.timedeltas(timedelta(), timedelta(days=3))


def openings(calendar: Calendar, around: datetime, days: int = 60) -> Sequence[tuple[datetime, datetime]]:
    """The spans of these days, as they are told day by day."""
    first = around.astimezone(calendar.time_zone).date() - timedelta(days=2)
    return [span for number in range(days) for span in calendar.spans(first + timedelta(days=number))]


def test_a_day_is_open_at_its_hours_and_a_holiday_at_its_own() -> None:
    assert SHOP.spans(date(2026, 1, 2)) == [(at(2, 10), at(2, 20))]
    assert SHOP.spans(date(2026, 1, 1)) == []
    assert SHOP.spans(date(2026, 1, 4)) == [(at(4, 10), at(4, 20))], "a Sunday that is open"
    assert SHOP.spans(date(2026, 1, 11)) == []


def test_a_bag_that_does_not_get_ready_today_is_made_when_the_store_opens_again() -> None:
    assert SHOP.after_open_time(at(2, 19), HOUR) == at(2, 20)
    assert SHOP.after_open_time(at(2, 19, 30), HOUR) == at(3, 10, 30)
    assert SHOP.after_open_time(at(10, 19, 30), HOUR) == at(12, 10, 30), "Sunday the 11th is closed"
    assert SHOP.after_open_time(at(2, 6), timedelta()) == at(2, 10)


def test_the_closing_time_is_that_of_the_opening_which_holds_the_instant_or_comes_next() -> None:
    assert SHOP.closing_after(at(2, 15)) == at(2, 20)
    assert SHOP.closing_after(at(2, 20)) == at(3, 20)
    assert SHOP.closing_after(at(10, 23)) == at(12, 20)
    assert NIGHTS.closing_after(at(6, 1, zone=NEW_YORK)) == at(6, 3, zone=NEW_YORK), "the night began yesterday"
    assert always_open(TOKYO).closing_after(at(2, 15)) == at(2, 15)


def test_days_on_which_the_clock_is_changed_are_as_long_as_they_are() -> None:
    spring, autumn = date(2026, 3, 8), date(2026, 11, 1)
    day = always_open(NEW_YORK)
    ((start, end),) = day.spans(spring)
    assert end - start == 23 * HOUR
    ((start, end),) = day.spans(autumn)
    assert end - start == 25 * HOUR
    ((start, end),) = NIGHTS.spans(spring - timedelta(days=1))
    assert (start, end - start) == (at(7, 22, month=3, zone=NEW_YORK), 4 * HOUR)
    ((start, end),) = NIGHTS.spans(autumn - timedelta(days=1))
    assert end - start == 6 * HOUR
    skipped = Calendar(NEW_YORK, {6: ((time(2), time(3)),)})
    assert skipped.spans(spring) == [], "from two to three there was nothing"
    assert skipped.next_opening(at(8, 0, month=3, zone=NEW_YORK)) == at(15, 2, month=3, zone=NEW_YORK)


def test_a_store_that_never_opens_has_no_calendar() -> None:
    with pytest.raises(ValueError, match="at least once"):
        Calendar(TOKYO, {0: ()})


@given(calendars(), INSTANTS)
def test_it_is_open_exactly_within_its_spans(calendar: Calendar, instant: datetime) -> None:
    inside = any(start <= instant < end for start, end in openings(calendar, instant))
    assert calendar.is_open(instant) == inside
    opening = calendar.next_opening(instant)
    assert calendar.is_open(opening)
    assert opening == instant if inside else opening > instant


@given(calendars(), INSTANTS, DURATIONS)
def test_open_time_adds_up_minute_by_minute(calendar: Calendar, start: datetime, duration: timedelta) -> None:
    end = calendar.after_open_time(start, duration)
    counted, reached = timedelta(), start
    for opens, closes in sorted(openings(calendar, start, days=(end - start).days + 5)):
        begins, ends = max(opens, reached), min(closes, end)
        if ends > begins:
            counted, reached = counted + (ends - begins), ends
    assert counted == duration == calendar.open_time(start, end)


@given(calendars(), INSTANTS, DURATIONS, DURATIONS)
def test_two_durations_are_one_after_the_other(
    calendar: Calendar, start: datetime, first: timedelta, second: timedelta
) -> None:
    between = calendar.after_open_time(start, first)
    assert calendar.after_open_time(between, second) >= calendar.after_open_time(start, first + second)
    assert calendar.after_open_time(start, first + second) >= between


@given(calendars(), INSTANTS)
def test_a_store_is_open_until_it_closes_and_not_then(calendar: Calendar, instant: datetime) -> None:
    closing = calendar.closing_after(instant)
    begins = calendar.next_opening(instant)
    if closing == begins:
        assert calendar.after_open_time(begins, NEVER_CLOSES) == begins + NEVER_CLOSES
    else:
        assert not calendar.is_open(closing)
        assert calendar.after_open_time(begins, closing - begins) == closing
