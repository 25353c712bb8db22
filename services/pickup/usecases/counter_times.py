"""When a bag could be collected at each of some stores: read, not promised."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.pickup.domain.arrivals import ready_by_transfer
from services.pickup.domain.readiness import ready_by
from services.pickup.domain.slots import AHEAD, free
from services.pickup.store import slots
from services.pickup.store.queues import queues
from services.pickup.store.stores import stores
from shared.database import Connection


@dataclass(frozen=True, slots=True)
class CounterTimes:
    """When the bag would be ready at a store, and the slots from then on that have a place left.

    `ready_by_transfer` is when it would be if something of it had to be sent there first.
    """

    ready_by: datetime
    ready_by_transfer: datetime
    slots: Sequence[datetime]


async def counter_times(
    connection: Connection,
    location_ids: Collection[str],
    lines: int,
    now: datetime,
    preparation: timedelta,
    travel: timedelta,
) -> dict[str, CounterTimes]:
    """For a bag of so many lines, ordered now; `preparation` is for stores without a profile.

    `travel` is the time that a transfer to a store takes.
    """
    places = await stores(connection, location_ids, preparation)
    waiting = await queues(connection, [place for place, store in places.items() if store.pickers is not None])
    with_slots = [place for place, store in places.items() if store.slot_capacity is not None]
    taken = await slots.taken(connection, with_slots, now, now + AHEAD) if with_slots else {}
    found: dict[str, CounterTimes] = {}
    for location_id, store in places.items():
        ready = ready_by(store, waiting.get(location_id, ()), lines, now)
        sent = ready_by_transfer(store, lines, now + travel)
        found[location_id] = CounterTimes(ready, max(ready, sent), free(store, taken.get(location_id, {}), ready, now))
    return found
