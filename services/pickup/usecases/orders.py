"""What orders say: a confirmed one becomes bags to be picked, a cancelled or a short one takes units out of them."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.pickup.domain.cancellations import Cancellation, take_off
from services.pickup.domain.pickups import Decision, Fact, Line, Pickup
from services.pickup.domain.shortages import give_up
from services.pickup.store import cancellations, pickups
from services.pickup.usecases.announcements import events
from shared.consumer import Received
from shared.contracts.orders import OrderCancelled, OrderConfirmed, OrderLineShort, PickupFulfilment
from shared.contracts.values import SkuQuantity
from shared.database import Transaction
from shared.identifiers import new_id
from shared.outbox import announce


async def request_pickups(
    transaction: Transaction,
    confirmed: Sequence[Received[OrderConfirmed]],
    now: datetime,
    preparation: timedelta,
) -> None:
    """One pickup for each order and location, due after `preparation`; a repeated event changes nothing."""
    asked = [
        pickup
        for _, order in confirmed
        if isinstance(order.fulfilment, PickupFulfilment)
        for pickup in _pickups(order, now, now + preparation)
    ]
    added = await pickups.add(transaction, asked)
    requested = [Decision(pickup, (Fact("requested", pickup.wanted),)) for pickup in added]
    announce(transaction, events(requested, now))


def _pickups(order: OrderConfirmed, now: datetime, due_at: datetime) -> Iterable[Pickup]:
    by_location: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for allocation in order.allocations:
        by_location[allocation.location_id][allocation.sku] += allocation.quantity
    for location_id, units in sorted(by_location.items()):
        yield Pickup(
            pickup_id=new_id(),
            order_id=order.order_id,
            reservation_id=order.reservation_id,
            location_id=location_id,
            lines=tuple(Line(sku, quantity) for sku, quantity in sorted(units.items())),
            due_at=due_at,
            requested_at=now,
        )


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
    cancellation = Cancellation(_units(order.lines), order.complete, order.reason)
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


def _units(lines: Sequence[SkuQuantity]) -> Counter[str]:
    units: Counter[str] = Counter()
    for line in lines:
        units[line.sku] += line.quantity
    return units
