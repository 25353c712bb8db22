"""Slots: half hours of an opening, as many orders in each as the store says."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from services.pickup.domain.calendar import Calendar
from services.pickup.domain.slots import AHEAD, SLOT, SLOTS_SHOWN, Store, Wish, answer, free, offered
from tests.unit.pickup.test_calendar import calendars

MINUTE = timedelta(minutes=1)
KATHMANDU = ZoneInfo("Asia/Kathmandu")
SHOP = Store(
    Calendar(KATHMANDU, dict.fromkeys(range(7), ((time(10, 15), time(12, 45)),))),
    per_order=3 * MINUTE,
    per_line=MINUTE,
    pickers=1,
    slot_capacity=2,
)


def at(hour: int, minute: int, day: int = 23) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=KATHMANDU).astimezone(UTC)


def wish(starts_at: datetime) -> Wish:
    return Wish("an order", "S1", starts_at, lines=2)


def test_slots_are_whole_half_hours_of_the_stores_own_clock() -> None:
    today = list(offered(SHOP, at(0, 0), at(23, 59)))
    assert today == [at(10, 30), at(11, 0), at(11, 30), at(12, 0)]
    assert list(offered(SHOP, at(11, 1), at(12, 0))) == [at(11, 30)]


def test_a_wish_is_granted_while_there_is_a_place_and_told_the_next_ones_after() -> None:
    now = at(9, 0)
    assert answer(wish(at(11, 0)), SHOP, {at(11, 0): 1}, now).is_granted
    refused = answer(wish(at(11, 0)), SHOP, {at(11, 0): 2, at(11, 30): 2}, now)
    assert refused.code == "slot_full"
    assert refused.next_slots[:2] == [at(12, 0), at(10, 30, day=24)]


def test_what_is_no_slot_or_too_soon_or_too_far_is_not_offered() -> None:
    now = at(10, 56)
    for starts_at in (at(11, 0), at(11, 10), at(12, 30), at(10, 30), at(10, 30, day=23) + AHEAD + SLOT):
        refused = answer(wish(starts_at), SHOP, {}, now)
        assert refused.code == "slot_not_offered", starts_at
        assert refused.next_slots, starts_at
    without = Store(SHOP.calendar, per_order=MINUTE, pickers=1)
    assert answer(wish(at(11, 30)), without, {}, now).next_slots == []


@given(calendars(), st.datetimes(datetime(2026, 3, 1), datetime(2026, 4, 15), timezones=st.just(UTC)), st.data())  # noqa: DTZ001
def test_a_free_slot_is_granted_and_an_offered_one_lies_within_the_opening(
    calendar: Calendar, now: datetime, data: st.DataObject
) -> None:
    store = Store(calendar, per_order=timedelta(), pickers=1, slot_capacity=1)
    slots = list(offered(store, now, now + AHEAD))
    taken = dict.fromkeys(data.draw(st.lists(st.sampled_from(slots), unique=True)) if slots else (), 1)
    for start in slots:
        assert calendar.is_open(start)
        assert calendar.is_open(start + SLOT - MINUTE)
        assert start.astimezone(calendar.time_zone).minute in (0, 30)
    assert slots == sorted(set(slots))
    shown = free(store, taken, now, now)
    assert shown == [start for start in slots if start not in taken][:SLOTS_SHOWN]
    for start in shown:
        assert answer(wish(start), store, taken, now).is_granted
