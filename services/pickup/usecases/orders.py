"""What orders say: a confirmed one becomes bags to be picked, a cancelled or a short one takes units out of them."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.pickup.domain.cancellations import Cancellation, acknowledge, take_off
from services.pickup.domain.pickups import Decision, Fact, Line, Pickup
from services.pickup.domain.shortages import give_up
from services.pickup.domain.stores import Store
from services.pickup.store import cancellations, pickups
from services.pickup.store.stores import stores
from services.pickup.usecases.announcements import events
from services.pickup.usecases.due_times import Asked, with_due_times
from services.pickup.usecases.transfers import rerouted, with_transfers
from shared.consumer import Received
from shared.contracts.orders import OrderCancelled, OrderConfirmed, OrderLineShort, OrderResourced, PickupFulfilment
from shared.contracts.values import Allocation, SkuQuantity
from shared.database import Transaction
from shared.identifiers import new_id
from shared.outbox import announce


async def request_pickups(
    transaction: Transaction,
    confirmed: Sequence[Received[OrderConfirmed]],
    now: datetime,
    preparation: timedelta,
    travel: timedelta,
) -> None:
    """One pickup for each order and location; a repeated event changes nothing.

    It is due when the store can have it ready, or when its slot begins; `preparation` is for stores without a profile,
    `travel` the time that a transfer to the store takes.
    """
    asked = [
        Asked(pickup, _slot_at(order.fulfilment, pickup.location_id))
        for _, order in confirmed
        if isinstance(order.fulfilment, PickupFulfilment)
        for pickup in _pickups(order, now, travel)
    ]
    if not asked:
        return
    added = await pickups.add(transaction, await with_due_times(transaction, asked, now, preparation))
    requested = [Decision(pickup, (Fact("requested", pickup.wanted),)) for pickup in added]
    announce(transaction, events(requested, now))


def _slot_at(fulfilment: PickupFulfilment, location_id: str) -> datetime | None:
    if fulfilment.slot is None or fulfilment.location_id != location_id:
        return None
    return fulfilment.slot.starts_at


def _pickups(order: OrderConfirmed, now: datetime, travel: timedelta) -> Iterable[Pickup]:
    """The bags of an order: at each of its places one; at its store one for all where that is sent the goods."""
    fulfilment = order.fulfilment
    store = fulfilment.location_id if isinstance(fulfilment, PickupFulfilment) and fulfilment.ship_to_store else None
    by_location: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for allocation in order.allocations:
        by_location[store or allocation.location_id][allocation.sku] += allocation.quantity
    for location_id, units in sorted(by_location.items()):
        bag = Pickup(
            pickup_id=new_id(),
            order_id=order.order_id,
            reservation_id=order.reservation_id,
            location_id=location_id,
            lines=tuple(Line(sku, quantity) for sku, quantity in sorted(units.items())),
            due_at=now,
            requested_at=now,
            collector=_collector(order),
            ship_to_store=store is not None,
        )
        yield with_transfers(bag, order.allocations, now, travel) if store else bag


def _collector(order: OrderConfirmed) -> str | None:
    """Who may come instead of the customer."""
    named = order.fulfilment.collector if isinstance(order.fulfilment, PickupFulfilment) else None
    return named.name if named else None


@dataclass(frozen=True, slots=True)
class _Told:
    """What an order said about its pickups, with the event's identity; `decide` takes and answers all of them."""

    source: str
    event_id: str
    order_id: str
    recorded_at: datetime
    decide: Callable[[Sequence[Pickup]], list[Decision]]


async def take_off_cancelled(
    transaction: Transaction, cancelled: Sequence[Received[OrderCancelled]], now: datetime
) -> None:
    """Take the named units off the orders' pickups, each event once; what is collected stays collected."""
    await _hear(transaction, [_cancellation(received, now) for received in cancelled], now)


async def give_up_short(transaction: Transaction, short: Sequence[Received[OrderLineShort]], now: datetime) -> None:
    """Give up the units that are not on the shelf, each event once; a bag that somebody has begun is left to them."""
    await _hear(transaction, [_shortage(received, now) for received in short], now)


async def move_bags(
    transaction: Transaction,
    resourced: Sequence[Received[OrderResourced]],
    now: datetime,
    preparation: timedelta,
    travel: timedelta,
) -> None:
    """Ask the stores at which orders are collected now for their bags, each event once.

    What the store before gave up is answered with that: nothing of it is to be taken out of the new bag. The bag of an
    order whose goods are sent to its store stays there, and is sent them from elsewhere.
    """
    stays = [member for member in resourced if _is_sent_there(member.data)]
    if stays:
        places = await stores(transaction, {_store(member.data) for member in stays}, preparation)
        await _hear(transaction, [_reroute(member, places, now, travel) for member in stays], now)
    collected = [
        member
        for member in resourced
        if isinstance(member.data.fulfilment, PickupFulfilment) and not _is_sent_there(member.data)
    ]
    await _hear(transaction, [_move(member, now) for member in collected], now)
    await request_pickups(transaction, [_elsewhere(member) for member in collected], now, preparation, travel)


def _is_sent_there(order: OrderResourced) -> bool:
    return isinstance(order.fulfilment, PickupFulfilment) and order.fulfilment.ship_to_store


def _store(order: OrderResourced) -> str:
    assert isinstance(order.fulfilment, PickupFulfilment)
    return order.fulfilment.location_id


def _reroute(
    received: Received[OrderResourced], places: Mapping[str, Store], now: datetime, travel: timedelta
) -> _Told:
    event, order = received
    place = places[_store(order)]

    def decide(pickups: Sequence[Pickup]) -> list[Decision]:
        return [Decision(rerouted(pickup, order, place, now, travel)) for pickup in pickups]

    return _Told(event.source, event.id, order.order_id, now, decide)


async def _hear(transaction: Transaction, told: Sequence[_Told], now: datetime) -> None:
    locked = await pickups.lock_of_orders(transaction, {member.order_id for member in told})
    current: defaultdict[str, list[Pickup]] = defaultdict(list)
    for pickup in locked:
        current[pickup.order_id].append(pickup)
    fresh = await cancellations.keep_new(transaction, [member for member in told if member.order_id in current])
    decisions: list[Decision] = []
    for member in told:
        if (member.source, member.event_id) in fresh:
            fresh.remove((member.source, member.event_id))
            decided = member.decide(current[member.order_id])
            current[member.order_id] = [decision.pickup for decision in decided]
            decisions += decided
    before = set(locked)
    after = [pickup for members in current.values() for pickup in members]
    await pickups.write(transaction, [pickup for pickup in after if pickup not in before])
    announce(transaction, events(decisions, now))


def _cancellation(received: Received[OrderCancelled], now: datetime) -> _Told:
    event, order = received
    shares = () if order.missed else order.allocations
    places = {(share.location_id, share.sku): share.quantity for share in shares}
    cancellation = Cancellation(_units(order.lines), order.complete, order.reason, places)
    return _Told(event.source, event.id, order.order_id, now, lambda pickups: take_off(pickups, cancellation, now))


def _shortage(received: Received[OrderLineShort], now: datetime) -> _Told:
    event, order = received
    missing = _units(order.lines)

    def decide(pickups: Sequence[Pickup]) -> list[Decision]:
        return [
            give_up(pickup, missing, order.reason, now) if pickup.location_id == order.location_id else Decision(pickup)
            for pickup in pickups
        ]

    return _Told(event.source, event.id, order.order_id, now, decide)


def _move(received: Received[OrderResourced], now: datetime) -> _Told:
    event, order = received

    def decide(pickups: Sequence[Pickup]) -> list[Decision]:
        return [Decision(acknowledge(pickup, _given_up(order, pickup.location_id))) for pickup in pickups]

    return _Told(event.source, event.id, order.order_id, now, decide)


def _given_up(order: OrderResourced, location_id: str) -> Counter[str]:
    units: Counter[str] = Counter()
    for moved in order.moved:
        if moved.from_location_id == location_id:
            units[moved.sku] += moved.quantity
    return units


def _elsewhere(received: Received[OrderResourced]) -> Received[OrderConfirmed]:
    """The order as its new store hears of it."""
    event, order = received
    assert order.fulfilment is not None
    moved = [Allocation(sku=m.sku, location_id=m.to_location_id, quantity=m.quantity) for m in order.moved]
    confirmed = OrderConfirmed(
        order_id=order.order_id,
        channel=order.channel,
        member_id=order.member_id,
        reservation_id=order.reservation_id,
        fulfilment=order.fulfilment,
        allocations=moved,
    )
    return Received(event, confirmed)


def _units(lines: Sequence[SkuQuantity]) -> Counter[str]:
    units: Counter[str] = Counter()
    for line in lines:
        units[line.sku] += line.quantity
    return units
