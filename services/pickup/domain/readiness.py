"""When a bag is ready: how long it takes, what is made before it, and when people are there to do it.

The same answer is shown before buying and kept as `due_at` after: pickers take the bag that is due first, one after
the other, while the store is open.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heapify, heapreplace

from services.pickup.domain.stores import Store

NO_TIME = timedelta()


@dataclass(frozen=True, slots=True)
class Queued:
    """A bag of a store that is not ready yet, with so many lines; `started_at` once somebody makes it."""

    due_at: datetime
    lines: int
    started_at: datetime | None = None


def ready_by(store: Store, queue: Sequence[Queued], lines: int, now: datetime) -> datetime:
    """When a bag of so many lines, ordered now, would be ready behind the bags of the queue.

    It comes as early as it makes no other late: a bag for tomorrow's slot waits, one that is due in a moment does not.
    """
    work = store.picking_time(lines)
    if store.pickers is None:
        return store.calendar.after_open_time(now, work)
    free = _free_after_started(store, store.pickers, queue, now)
    waiting = sorted((bag for bag in queue if bag.started_at is None), key=lambda bag: bag.due_at)
    works = [store.picking_time(bag.lines) for bag in waiting]
    dues = [store.calendar.open_time(now, bag.due_at) for bag in waiting]
    # One that is late anyway may not become later.
    limits = list(map(max, dues, _readies(free, works)))
    # Pickers go by what is due: it is due after those that it waits for, and before the others.
    due = free[0] + work
    for place in range(len(waiting)):
        if due < dues[place] and _are_in_time([due, *free[1:]], works[place:], limits[place:]):
            break
        heapreplace(free, free[0] + works[place])
        due = max(free[0] + work, dues[place])
    return store.calendar.after_open_time(now, due)


def _are_in_time(free: Sequence[timedelta], works: Sequence[timedelta], limits: Sequence[timedelta]) -> bool:
    return all(ready <= limit for ready, limit in zip(_readies(free, works), limits, strict=True))


def _free_after_started(store: Store, pickers: int, queue: Sequence[Queued], now: datetime) -> list[timedelta]:
    """For each picker the open time until the bags that are being made are done."""
    lefts = [
        max(store.picking_time(bag.lines) - (now - bag.started_at), NO_TIME)
        for bag in queue
        if bag.started_at is not None
    ]
    free = [NO_TIME] * pickers
    for left in sorted(lefts):
        heapreplace(free, free[0] + left)
    return free


def _readies(free: Sequence[timedelta], works: Sequence[timedelta]) -> Iterator[timedelta]:
    """After how much open time each is ready where every picker takes the next one as soon as he is free."""
    heap = list(free)
    heapify(heap)
    for work in works:
        ready = heap[0] + work
        heapreplace(heap, ready)
        yield ready
