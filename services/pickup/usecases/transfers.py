"""What other places send to a bag: asked for with it, sent and received by people, and asked for anew."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.pickup.domain.arrivals import Journey, Moved, due_by, expect, reroute, step
from services.pickup.domain.pickups import Pickup
from services.pickup.domain.stores import Store
from services.pickup.domain.transfers import Transfer, TransferStep
from services.pickup.store import pickups, transfers
from services.pickup.usecases.announcements import SOURCE
from shared.contracts.event import Event
from shared.contracts.orders import OrderResourced
from shared.contracts.transfers import RECEIVED, SENT, TransferChanged
from shared.contracts.values import Allocation, SkuQuantity
from shared.database import Transaction
from shared.errors import DomainError
from shared.identifiers import new_id
from shared.outbox import announce
from shared.principal import Principal


@dataclass(frozen=True, slots=True)
class TransferCommand:
    """Somebody asks for a step of a transfer."""

    transfer_id: str
    step: TransferStep
    asked_by: Principal


@dataclass(frozen=True, slots=True)
class Standing:
    """A transfer after a step, and the bag that it is for."""

    bag: Pickup
    transfer: Transfer


Outcome = Standing | DomainError


def with_transfers(bag: Pickup, allocations: Sequence[Allocation], now: datetime, travel: timedelta) -> Pickup:
    """The bag of an order whose goods are sent to its store: what is promised from elsewhere is asked for there."""
    elsewhere: Counter[tuple[str, str]] = Counter()
    for share in allocations:
        if share.location_id != bag.location_id:
            elsewhere[share.location_id, share.sku] += share.quantity
    return expect(bag, elsewhere, now, Journey(new_id, travel))


def rerouted(bag: Pickup, order: OrderResourced, store: Store, now: datetime, travel: timedelta) -> Pickup:
    """The bag when its order is promised from other places than before; due later where it waits for something."""
    moved = [Moved(units.sku, units.from_location_id, units.to_location_id, units.quantity) for units in order.moved]
    changed = reroute(bag, moved, now, Journey(new_id, travel))
    return due_by(changed, store) if changed.transfers != bag.transfers else changed


async def take_transfer_steps(
    transaction: Transaction, commands: Sequence[TransferCommand], now: datetime
) -> list[Outcome]:
    """Take the steps one after the other; for each the transfer after it, or why it was refused."""
    bag_of = await transfers.pickup_ids(transaction, {command.transfer_id for command in commands})
    locked = await pickups.lock(transaction, set(bag_of.values()))
    current = {pickup.pickup_id: pickup for pickup in locked}
    outcomes: list[Outcome] = []
    told: list[Event] = []
    for command in commands:
        bag = current.get(bag_of.get(command.transfer_id, ""))
        if bag is None:
            outcomes.append(DomainError("not_found", f"There is no transfer {command.transfer_id}."))
            continue
        outcome = _take(bag, command, now)
        outcomes.append(outcome)
        if isinstance(outcome, Standing) and outcome.bag != bag:
            current[bag.pickup_id] = outcome.bag
            told.append(_event(outcome, command.step, now))
    await pickups.write(transaction, [current[was.pickup_id] for was in locked if current[was.pickup_id] != was])
    announce(transaction, told)
    return outcomes


def _take(bag: Pickup, command: TransferCommand, now: datetime) -> Outcome:
    transfer = bag.transfer(command.transfer_id)
    place = transfer.from_location_id if command.step == "send" else transfer.to_location_id
    try:
        command.asked_by.require_location(place)
    except DomainError as refusal:
        return refusal
    decision = step(bag, command.transfer_id, command.step, now)
    if decision.refusal is not None:
        return DomainError(decision.refusal.code, decision.refusal.detail, **decision.refusal.extra)
    return Standing(decision.pickup, decision.pickup.transfer(command.transfer_id))


def _event(taken: Standing, name: TransferStep, now: datetime) -> Event:
    bag, transfer = taken.bag, taken.transfer
    data = TransferChanged(
        transfer_id=transfer.transfer_id,
        pickup_id=bag.pickup_id,
        order_id=bag.order_id,
        reservation_id=bag.reservation_id,
        from_location_id=transfer.from_location_id,
        to_location_id=transfer.to_location_id,
        lines=[SkuQuantity(sku=sku, quantity=units) for sku, units in transfer.sent.items()],
        due_at=transfer.due_at,
    )
    kind = SENT if name == "send" else RECEIVED
    return kind.event(data, event_id=new_id(), source=SOURCE, time=now)
