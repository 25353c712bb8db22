"""When new bags are due: the time that the store's options showed, or the slot that the order has."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.pickup.domain.arrivals import due_by
from services.pickup.domain.pickups import Pickup
from services.pickup.domain.readiness import Queued, ready_by
from services.pickup.store.queues import queues
from services.pickup.store.stores import stores
from shared.database import Transaction


@dataclass(frozen=True, slots=True)
class Asked:
    """A bag without a due time yet; `slot_starts_at` is the order's slot at this store, if it has one."""

    pickup: Pickup
    slot_starts_at: datetime | None


async def with_due_times(
    transaction: Transaction, asked: Sequence[Asked], now: datetime, preparation: timedelta
) -> list[Pickup]:
    """The bags with their due times, each behind those before it; `preparation` is for stores without a profile."""
    places = await stores(transaction, {member.pickup.location_id for member in asked}, preparation)
    with_profile = [location_id for location_id, place in places.items() if place.pickers is not None]
    waiting = defaultdict(list, await queues(transaction, with_profile) if with_profile else {})
    due: list[Pickup] = []
    for member in asked:
        pickup, slot_starts_at = member.pickup, member.slot_starts_at
        place, lines = places[pickup.location_id], len(pickup.lines)
        due_at = slot_starts_at or ready_by(place, waiting[pickup.location_id], lines, now)
        pickup = due_by(replace(pickup, due_at=due_at), place)
        waiting[pickup.location_id].append(Queued(pickup.due_at, lines))
        due.append(pickup)
    return due
