"""When a bag is ready: behind what waits, by as many pickers as there are, while the store is open."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from services.pickup.domain.calendar import Calendar, always_open
from services.pickup.domain.readiness import Queued, ready_by
from services.pickup.domain.stores import Store, without_profile

UTC_ZONE = ZoneInfo("UTC")
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SHOP = Store(always_open(UTC_ZONE), per_order=3 * MINUTE, per_line=MINUTE, pickers=1)
LINES = st.lists(st.integers(1, 9), max_size=12)


def of(pickers: int) -> Store:
    return Store(always_open(UTC_ZONE), per_order=3 * MINUTE, per_line=MINUTE, pickers=pickers)


def in_order(store: Store, bags: Sequence[int]) -> list[Queued]:
    """A queue of bags that were ordered one after the other, each due when it was said to be ready."""
    queue: list[Queued] = []
    for lines in bags:
        queue.append(Queued(ready_by(store, queue, lines, NOW), lines))
    return queue


def worked_off(pickers: int, bags: Sequence[Queued], store: Store) -> list[datetime]:
    """When each bag is ready where every picker takes the one that is due first."""
    free = [NOW] * pickers
    ready: dict[int, datetime] = {}
    for place in sorted(range(len(bags)), key=lambda place: (bags[place].due_at, place)):
        free.sort()
        free[0] += store.picking_time(bags[place].lines)
        ready[place] = free[0]
    return [ready[place] for place in range(len(bags))]


def test_without_a_profile_every_bag_takes_the_same_time_and_waits_for_none() -> None:
    plain = without_profile(UTC_ZONE, 120 * MINUTE)
    assert ready_by(plain, [Queued(NOW, 50)] * 9, 7, NOW) == NOW + 120 * MINUTE


def test_a_bag_is_made_after_those_that_wait_and_the_rest_of_what_is_being_made() -> None:
    begun = Queued(NOW, 2, started_at=NOW - 2 * MINUTE)
    waiting = Queued(NOW + 7 * MINUTE, 1)
    assert ready_by(SHOP, [], 1, NOW) == NOW + 4 * MINUTE
    assert ready_by(SHOP, [begun], 1, NOW) == NOW + 7 * MINUTE
    assert ready_by(SHOP, [waiting, begun], 1, NOW) == NOW + 11 * MINUTE
    assert ready_by(of(2), [Queued(NOW + 4 * MINUTE, 1), begun], 1, NOW) == NOW + 7 * MINUTE


def test_work_that_does_not_fit_today_is_done_when_the_store_opens_again() -> None:
    hours = Calendar(UTC_ZONE, dict.fromkeys(range(7), ((time(10), time(12, 6)),)))
    store = Store(hours, per_order=3 * MINUTE, per_line=MINUTE, pickers=1)
    assert ready_by(store, [], 3, NOW) == NOW + 6 * MINUTE
    assert ready_by(store, [], 4, NOW) == datetime(2026, 11, 24, 10, 1, tzinfo=UTC)


def test_a_bag_for_a_slot_of_tonight_is_not_made_before_one_that_is_wanted_now() -> None:
    tonight = [Queued(NOW + timedelta(hours=8), 2)] * 3
    assert ready_by(SHOP, tonight, 2, NOW) == NOW + 5 * MINUTE
    soon = [Queued(NOW + 17 * MINUTE, 2)] * 3
    assert ready_by(SHOP, soon, 2, NOW) == NOW + 20 * MINUTE, "or one of the three would be late"


@given(LINES)
def test_what_is_said_is_what_becomes_of_it(bags: list[int]) -> None:
    queue = in_order(SHOP, bags)
    assert worked_off(1, queue, SHOP) == [bag.due_at for bag in queue]


@given(LINES, st.lists(st.tuples(st.integers(0, 240), st.integers(1, 9)), max_size=6), st.integers(1, 3))
def test_no_bag_is_late_because_of_a_newer_one(bags: list[int], slots: list[tuple[int, int]], pickers: int) -> None:
    """Bags with slots stand in the queue from the beginning; each slot leaves the time to make those before it."""
    store, queue, work = of(pickers), [], timedelta()
    for minutes, lines in sorted(slots):
        work += store.picking_time(lines)
        queue.append(Queued(NOW + max(minutes * MINUTE, work), lines))
    for lines in bags:
        queue.append(Queued(ready_by(store, queue, lines, NOW), lines))
    for bag, ready in zip(queue, worked_off(pickers, queue, store), strict=True):
        assert ready <= bag.due_at


@given(LINES)
def test_with_a_picker_for_every_bag_nobody_waits(bags: list[int]) -> None:
    store = of(len(bags) + 1)
    assert [bag.due_at for bag in in_order(store, bags)] == [NOW + store.picking_time(lines) for lines in bags]
