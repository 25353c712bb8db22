"""Backorders: promised from what is expected, served when it comes, and told when their dates move."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from services.inventory.domain.allocation import Request
from services.inventory.domain.backorders import Backorder, Owed, Turn, Waiting, backorder, look
from services.inventory.domain.channels import Pool
from services.inventory.domain.levels import Key
from services.inventory.domain.reservations import DONE, Line
from services.inventory.store import backorders as store
from services.inventory.store import incoming, reallocations, reservations
from services.inventory.store.backorders import OwedLine
from services.inventory.store.reservations import GrantedLine, Reservation
from services.inventory.usecases.announcements import promised
from services.inventory.usecases.levels import LockedLevels, lock, settle
from shared.database import Transaction
from shared.statements import Writes, gathered

LOOK_LIMIT = 20
"""So many shelves are looked at in one transaction."""
QUEUE_LIMIT = 5_000
"""So many promises of one shelf are looked at together; those behind keep their dates until it is their turn."""
SERVE_LIMIT = 500
"""So many promises are served, or told another date, in one transaction."""


async def promise_ahead(
    transaction: Transaction,
    waiting: Sequence[tuple[str, Request]],
    available: dict[Key, int],
    left: dict[Pool, int],
    now: datetime,
) -> dict[str, Backorder]:
    """Promise what is expected to requests that found too little, their levels locked; each that can be, by its id."""
    if not waiting:
        return {}
    expected = await incoming.expected(transaction, {key for _, request in waiting for key in request.keys})
    found = {name: backorder(request, available, left, expected, now) for name, request in waiting}
    return {name: promise for name, promise in found.items() if promise is not None}


def owe(writes: Writes, granted: Sequence[Reservation], levels: LockedLevels) -> None:
    """Write what new reservations are owed."""
    lines = [OwedLine(reservation.reservation_id, owed) for reservation in granted for owed in reservation.owed]
    for _, owed in lines:
        levels[owed.key].awaited += owed.open
    store.insert(writes, lines)


def put_off(reservation: Reservation, key: Key, units: int, levels: LockedLevels) -> OwedLine:
    """Held units that were lost on the shop floor are awaited instead, at the place in the queue that they have had."""
    for line in reservation.lines:
        if line.key == key:
            line.quantity -= units
            line.open -= units
    levels[key].reserved -= units
    levels[key].awaited += units
    location_id, sku = key
    more = Owed(sku, location_id, units, units, units, reservation.created_at, None)
    owed = next((owed for owed in reservation.owed if owed.key == key), None)
    if owed is None:
        reservation.owed.append(more)
    else:
        owed.quantity += units
        owed.open += units
    return OwedLine(reservation.reservation_id, more)


async def serve_waiting(transaction: Transaction, now: datetime) -> bool:
    """Look at the queues that are to be looked at, serve them and move their dates; whether there is more to do."""
    keys = await store.asked_for(transaction, LOOK_LIMIT)
    if not keys:
        return False
    foreseen = await _changes(transaction, keys, await store.there(transaction, keys), now)
    concerned = dict.fromkeys(waiting.reservation_id for turns in foreseen.values() for waiting, _ in turns)
    found = await reservations.lock(transaction, list(concerned)[:SERVE_LIMIT])
    levels = await lock(transaction, keys)
    there = {key: level.free + level.awaited for key, level in levels.items()}
    changes = await _changes(transaction, keys, there, now)

    granted: list[GrantedLine] = []
    moved: dict[str, Reservation] = {}
    lines: list[OwedLine] = []
    for key, turns in changes.items():
        for waiting, turn in turns:
            reservation = found.get(waiting.reservation_id)
            if reservation is not None:
                moved[reservation.reservation_id] = reservation
                lines.append(_take_turn(reservation, key, turn))
                granted += _serve(reservation, key, turn.served, levels)
    unfinished = {
        key for key, turns in changes.items() if any(waiting.reservation_id not in found for waiting, _ in turns)
    }
    writes = gathered(transaction)
    _write(writes, moved, lines, granted, now)
    store.end_looks(writes, set(keys) - unfinished)
    await settle(transaction, levels, now, [promised(reservation, now) for reservation in moved.values()])
    return bool(unfinished) or len(keys) == LOOK_LIMIT


async def _changes(
    transaction: Transaction, keys: Collection[Key], there: Mapping[Key, int], now: datetime
) -> dict[Key, list[tuple[Waiting, Turn]]]:
    """For each shelf those who are served now or have another date, the oldest promise first."""
    queues = await store.queues(transaction, keys, QUEUE_LIMIT)
    expected = await incoming.expected(transaction, keys)
    turns = {key: look(queue, there[key], expected.get(key, ()), now) for key, queue in queues.items()}
    return {
        key: [
            (waiting, turn)
            for waiting, turn in zip(queue, turns[key], strict=True)
            if turn.served or turn.promised_by != waiting.promised_by
        ]
        for key, queue in queues.items()
    }


def _take_turn(reservation: Reservation, key: Key, turn: Turn) -> OwedLine:
    owed = next(owed for owed in reservation.owed if owed.key == key)
    owed.open -= turn.served
    owed.promised_by = turn.promised_by
    if not any(owed.open for owed in reservation.owed):
        (reservation.state,) = DONE["serve"]
    return OwedLine(reservation.reservation_id, owed)


def _serve(reservation: Reservation, key: Key, units: int, levels: LockedLevels) -> list[GrantedLine]:
    """Units that were awaited are held from now on; what was there right before is what nobody else had."""
    if not units:
        return []
    level = levels[key]
    available = level.free + level.awaited
    level.awaited -= units
    level.reserved += units
    location_id, sku = key
    line = reservation.line(key)
    if line is None:
        line = Line(sku, location_id, 0, 0, 0)
        reservation.lines.append(line)
    line.quantity += units
    line.open += units
    return [GrantedLine(reservation.reservation_id, sku, location_id, units, available)]


def _write(
    writes: Writes,
    moved: Mapping[str, Reservation],
    lines: Sequence[OwedLine],
    granted: Sequence[GrantedLine],
    now: datetime,
) -> None:
    store.set_states(writes, {reservation_id: reservation.state for reservation_id, reservation in moved.items()}, now)
    store.update(writes, lines)
    reallocations.move_lines(writes, [], granted, now)
