"""Slots: given away one by one under the lock of their row, and given back when their order ends."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from services.pickup.domain.slots import AHEAD, SLOT, Answer, Key, Wish, answer, is_offered
from services.pickup.store import slots as store
from services.pickup.store.slots import OrderSlot
from services.pickup.store.stores import stores
from services.pickup.usecases.announcements import SOURCE
from shared.consumer import Received
from shared.contracts.event import Event
from shared.contracts.slots import (
    REFUSED,
    REQUESTED,
    TAKEN,
    WITHDRAWN,
    OrderSlotRequested,
    SlotRefused,
    SlotTaken,
    SlotTime,
)
from shared.database import Transaction
from shared.identifiers import new_id
from shared.outbox import announce

WORDS = {
    "slot_full": "The slot is full.",
    "slot_not_offered": "The store has no slot at that time, or it is too soon for the bag to be ready.",
}


async def settle_slots(transaction: Transaction, received: Sequence[Received[Any]], now: datetime) -> None:
    """Take slots for orders that ask for one and free those of orders that end, in their order; an order asks once."""
    orders = await store.of_orders(transaction, {data.order_id for _, data in received})
    wishes = {data.order_id: _wish(data) for event, data in received if event.type == REQUESTED.name}
    fresh = {order_id: wish for order_id, wish in wishes.items() if order_id not in orders}
    places = await stores(transaction, {wish.location_id for wish in fresh.values()}, timedelta())
    possible = {wish.key for wish in fresh.values() if is_offered(wish, places[wish.location_id], now)}
    locked = await store.lock(transaction, possible | {slot.key for slot in orders.values() if slot.is_taken})
    taken = await _taken(transaction, locked, set(places), now)

    answers: list[Answer] = []
    for event, data in received:
        held = orders.get(data.order_id)
        if held is None and event.type == REQUESTED.name:
            wish = fresh[data.order_id]
            answers.append(answer(wish, places[wish.location_id], taken[wish.location_id], now))
            orders[wish.order_id] = _kept(answers[-1])
            taken[wish.location_id][wish.starts_at] += answers[-1].is_granted
        elif held is not None and held.is_taken and event.type == WITHDRAWN.name:
            orders[held.order_id] = held._replace(state="free_again")
            taken[held.location_id][held.starts_at] -= 1
    counts = {key: taken[key[0]][key[1]] for key in locked}
    store.write(transaction, counts, list(orders.values()))
    announce(transaction, [_event(given, now) for given in answers])


async def _taken(
    transaction: Transaction, locked: Mapping[Key, int], location_ids: set[str], now: datetime
) -> Mapping[str, Counter[datetime]]:
    """How many places are taken, store by store and slot by slot; of the locked slots for certain."""
    found: defaultdict[str, Counter[datetime]] = defaultdict(Counter)
    if location_ids:
        for location_id, counts in (await store.taken(transaction, location_ids, now, now + AHEAD)).items():
            found[location_id] = Counter(counts)
    for (location_id, starts_at), count in locked.items():
        found[location_id][starts_at] = count
    return found


def _kept(given: Answer) -> OrderSlot:
    state = "taken" if given.is_granted else "refused"
    return OrderSlot(given.wish.order_id, given.wish.location_id, given.wish.starts_at, state)


def _wish(data: OrderSlotRequested) -> Wish:
    return Wish(data.order_id, data.location_id, data.starts_at, data.lines)


def _event(given: Answer, now: datetime) -> Event:
    wish = given.wish
    asked = {"order_id": wish.order_id, "location_id": wish.location_id, "starts_at": wish.starts_at}
    if given.code is None:
        granted = SlotTaken.model_validate({**asked, "ends_at": wish.starts_at + SLOT})
        return TAKEN.event(granted, event_id=new_id(), source=SOURCE, time=now)
    next_slots = [SlotTime(starts_at=start, ends_at=start + SLOT) for start in given.next_slots]
    refused = SlotRefused.model_validate(
        {**asked, "code": given.code, "reason": WORDS[given.code], "next_slots": next_slots}
    )
    return REFUSED.event(refused, event_id=new_id(), source=SOURCE, time=now)
