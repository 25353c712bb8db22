"""Transfers for orders that are collected at a store: the units travel, and the promise travels with them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.inventory.domain.ledger import Kind, Movement
from services.inventory.domain.reservations import Line
from services.inventory.domain.transfers import Departed, arrive, depart
from services.inventory.store import reservations as store
from services.inventory.store import transfers
from services.inventory.store.reservations import Reservation
from services.inventory.store.transfers import MovedLine
from services.inventory.usecases.announcements import reservation_transferred
from services.inventory.usecases.ledger import record, touched
from services.inventory.usecases.levels import LockedLevels, lock_or_create, settle
from shared.consumer import Received
from shared.contracts.event import Event
from shared.contracts.transfers import RECEIVED, TransferChanged
from shared.database import Transaction
from shared.statements import gathered


@dataclass(frozen=True, slots=True)
class _Step:
    """A transfer was sent or received; (source, event_id) tells repeats."""

    reservation_id: str
    source: str
    event_id: str
    command: str
    data: TransferChanged
    occurred_at: datetime

    @property
    def identity(self) -> store.CommandIdentity:
        return (self.reservation_id, self.source, self.event_id)

    @property
    def units(self) -> Mapping[str, int]:
        units: Counter[str] = Counter()
        for line in self.data.lines:
            units[line.sku] += line.quantity
        return units


async def follow_transfers(
    transaction: Transaction, received: Sequence[Received[TransferChanged]], now: datetime
) -> None:
    """Move what was sent or received, each event once: all of it in the ledger, what is promised in the promise."""
    steps = [_step(member) for member in received]
    found = await store.lock(transaction, [step.reservation_id for step in steps])
    known = await store.known_commands(transaction, [step.identity for step in steps])
    movements = [movement for step in steps for movement in _movements(step)]
    levels = await lock_or_create(transaction, touched(movements))
    writes = gathered(transaction)
    await record(transaction, levels, movements, now)
    applied: list[_Step] = []
    moved: dict[tuple[str, str, str], MovedLine] = {}
    departed: list[Departed] = []
    events: list[Event] = []
    for step in steps:
        reservation = found.get(step.reservation_id)
        if reservation is None or step.identity in known:
            continue
        known.add(step.identity)
        applied.append(step)
        if step.command == RECEIVED.name:
            lines = _receive(step, reservation, levels)
        else:
            gone = _send(step, reservation, levels)
            departed += gone
            lines = [line for departure in gone for line in (departure.out_of, departure.into)]
            if gone:
                events.append(reservation_transferred(reservation, gone, now))
        moved |= {(step.reservation_id, *line.key): MovedLine(step.reservation_id, line) for line in lines}
    transfers.write(writes, list(moved.values()), departed, now)
    store.keep_commands(writes, applied, now)
    await settle(transaction, levels, now, events)


def _step(received: Received[TransferChanged]) -> _Step:
    event, data = received
    return _Step(data.reservation_id, event.source, event.id, event.type, data, event.time)


def _send(step: _Step, reservation: Reservation, levels: LockedLevels) -> list[Departed]:
    """The promised units are not reserved while they travel."""
    data = step.data
    departed = depart(reservation.lines, data.from_location_id, data.to_location_id, step.units)
    for departure in departed:
        levels[departure.out_of.key].reserved -= departure.quantity
    return departed


def _receive(step: _Step, reservation: Reservation, levels: LockedLevels) -> list[Line]:
    arrived = arrive(reservation.lines, step.data.to_location_id, step.units)
    for key, units in arrived.items():
        levels[key].reserved += units
    return [line for line in reservation.lines if line.key in arrived]


def _movements(step: _Step) -> list[Movement]:
    data = step.data
    is_received = step.command == RECEIVED.name
    return [
        Movement(
            source=step.source,
            event_id=step.event_id,
            line=number,
            kind=Kind.TRANSFER_RECEIPT if is_received else Kind.TRANSFER,
            sku=sku,
            location_id=data.to_location_id if is_received else data.from_location_id,
            quantity=quantity,
            occurred_at=step.occurred_at,
            actor=step.source,
            to_location_id=None if is_received else data.to_location_id,
            reference=data.transfer_id,
        )
        for number, (sku, quantity) in enumerate(step.units.items())
    ]
