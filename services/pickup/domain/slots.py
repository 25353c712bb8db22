"""Slots: half hours in which so many orders of a store may be collected."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Literal

from services.pickup.domain.stores import Store

SLOT = timedelta(minutes=30)
SLOTS_SHOWN = 8
"""So many free slots are offered."""
AHEAD = timedelta(days=14)
"""So far ahead slots are offered and taken."""
_DAY = timedelta(days=1)

Key = tuple[str, datetime]
"""(location_id, starts_at)"""
RefusalCode = Literal["slot_full", "slot_not_offered"]


@dataclass(frozen=True, slots=True)
class Wish:
    """An order of so many lines that is to be collected in a slot."""

    order_id: str
    location_id: str
    starts_at: datetime
    lines: int

    @property
    def key(self) -> Key:
        return (self.location_id, self.starts_at)


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a wish: it has the slot, or `code` says why not and `next_slots` which are free."""

    wish: Wish
    code: RefusalCode | None = None
    next_slots: Sequence[datetime] = ()

    @property
    def is_granted(self) -> bool:
        return self.code is None


def offered(store: Store, earliest: datetime, until: datetime) -> Iterator[datetime]:
    """The beginnings of the store's slots, those not before `earliest` and before `until`, in their order.

    A slot is a whole half hour of an opening, as the clock on the wall counts half hours.
    """
    if store.slot_capacity is None:
        return
    zone = store.calendar.time_zone
    day, last_day, before = earliest.astimezone(zone).date() - _DAY, until.astimezone(zone).date(), earliest - SLOT
    while day <= last_day:
        for opens, closes in store.calendar.spans(day):
            start = opens - _past_half_hour(opens.astimezone(zone))
            while start + SLOT <= closes:
                # Two openings of one store may overlap, and a half hour that has begun is none.
                if start >= opens and earliest <= start < until and start > before:
                    yield start
                    before = start
                start += SLOT
        day += _DAY


def free(store: Store, taken: Mapping[datetime, int], earliest: datetime, now: datetime) -> list[datetime]:
    """The next slots with a place left, at most `SLOTS_SHOWN`; `taken` is how many places are, slot by slot."""
    capacity = store.slot_capacity or 0
    return list(
        islice(
            (start for start in offered(store, earliest, now + AHEAD) if taken.get(start, 0) < capacity), SLOTS_SHOWN
        )
    )


def earliest_slot(store: Store, lines: int, now: datetime) -> datetime:
    """No slot before this can be kept, were the bag made at once. Work that waits is what slots are there to bound."""
    return store.calendar.after_open_time(now, store.picking_time(lines))


def is_offered(wish: Wish, store: Store, now: datetime) -> bool:
    earliest = max(earliest_slot(store, wish.lines, now), wish.starts_at)
    return wish.starts_at < now + AHEAD and wish.starts_at in offered(store, earliest, wish.starts_at + SLOT)


def answer(wish: Wish, store: Store, taken: Mapping[datetime, int], now: datetime) -> Answer:
    """Grant the wish, or refuse it; `taken` is how many places of the store's slots are."""
    code: RefusalCode = "slot_not_offered"
    if is_offered(wish, store, now):
        if taken.get(wish.starts_at, 0) < (store.slot_capacity or 0):
            return Answer(wish)
        code = "slot_full"
    earliest = earliest_slot(store, wish.lines, now)
    if wish.starts_at < now + AHEAD:
        earliest = max(earliest, wish.starts_at)
    return Answer(wish, code, free(store, taken, earliest, now))


def _past_half_hour(local: datetime) -> timedelta:
    past = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    return past % SLOT
