"""Moving promises on: confirm, release, fulfil, expire; whole or in part."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.inventory.domain.backorders import Owed, renounce
from services.inventory.domain.ledger import Kind, Movement
from services.inventory.domain.reservations import COMMANDS, DONE, Move, Wanted, choose, given_back, state_after
from services.inventory.store import backorders, channels
from services.inventory.store import reservations as store
from services.inventory.store.backorders import OwedLine
from services.inventory.store.reservations import Reservation
from services.inventory.usecases.announcements import promised, reservation_changed
from services.inventory.usecases.ledger import record
from services.inventory.usecases.levels import LockedLevels, lock_or_create, settle
from shared.contracts.event import Event, EventType
from shared.contracts.reservations import CONFIRMED, EXPIRED, FULFILLED, RELEASED, ReservationChanged
from shared.database import Transaction
from shared.errors import DomainError, InvalidRequest
from shared.statements import gathered

LAPSE_LIMIT = 500
ANNOUNCED: Mapping[str, EventType[ReservationChanged]] = {
    "confirm": CONFIRMED,
    "release": RELEASED,
    "fulfil": FULFILLED,
    "expire": EXPIRED,
}
EMPTIED: Mapping[str, str] = {"release": "released", "fulfil": "fulfilled", "expire": "expired"}


@dataclass(frozen=True, slots=True)
class Change:
    """A command to a reservation. `wanted` is None for all open units; (source, event_id) tells repeats.

    A `fact` has happened already, like a bag that was handed over: it is recorded even where the promise for it is
    gone, and it changes nothing where it comes late. `anywhere`: units that are not promised at their place any more
    are taken from others.
    """

    reservation_id: str
    command: str
    source: str
    event_id: str
    actor: str
    occurred_at: datetime
    wanted: Wanted | None = None
    fact: bool = False
    anywhere: bool = False


Outcome = Reservation | DomainError


@dataclass(frozen=True, slots=True)
class Step:
    """What became of a command; `applied` where it changed something. `renounced` are units that were awaited."""

    change: Change
    outcome: Outcome
    moves: Sequence[Move] = ()
    applied: bool = False
    renounced: Sequence[tuple[Owed, int]] = ()


async def change_reservations(transaction: Transaction, changes: Sequence[Change], now: datetime) -> list[Outcome]:
    """Apply the commands in order; for each the reservation after it, or why it was refused."""
    found = await store.lock(transaction, [change.reservation_id for change in changes])
    repeats = await store.known_commands(transaction, [identity(change) for change in changes])
    levels = await _lock_levels(transaction, found, changes)
    steps = [_take(change, found.get(change.reservation_id), repeats) for change in changes]

    applied = [step for step in steps if step.applied]
    for move in (move for step in applied for move in step.moves):
        levels[move.line.key].reserved -= move.quantity - move.travelling
    for owed, units in (renounced for step in applied for renounced in step.renounced):
        levels[owed.key].awaited -= units
    movements = [movement for step in applied for movement in _movements(step)]
    writes = gathered(transaction)
    await record(transaction, levels, movements, now)
    store.update(writes, _changed(applied), now)
    backorders.update(writes, _renounced(applied))
    store.keep_commands(writes, [step.change for step in applied], now)
    freed = [move for step in applied if step.change.command != "fulfil" for move in step.moves]
    channels.count(writes, given_back(freed))
    await settle(transaction, levels, now, _events(applied, now))
    return [step.outcome for step in steps]


def identity(change: Change) -> store.CommandIdentity:
    return (change.reservation_id, change.source, change.event_id)


async def _lock_levels(
    transaction: Transaction, found: Mapping[str, Reservation], changes: Sequence[Change]
) -> LockedLevels:
    """The levels that the commands may touch; a confirmation touches none."""
    keys = set()
    for change in changes:
        if change.command != "confirm" and change.reservation_id in found:
            keys |= {line.key for line in found[change.reservation_id].lines}
            keys |= {owed.key for owed in found[change.reservation_id].owed}
            keys |= {(place, sku) for sku, place in change.wanted or {} if place is not None}
    return await lock_or_create(transaction, keys)


def _take(change: Change, reservation: Reservation | None, repeats: set[store.CommandIdentity]) -> Step:
    if reservation is None:
        return Step(change, DomainError("not_found", f"There is no reservation {change.reservation_id}."))
    if identity(change) in repeats or (change.wanted is None and reservation.state in DONE[change.command]):
        return Step(change, reservation)
    if not change.fact and reservation.state not in COMMANDS[change.command]:
        return Step(change, _illegal(change, reservation))
    if change.fact and change.command == "confirm" and reservation.state != "held":
        return Step(change, reservation)
    renounced, wanted = _renounce(change, reservation)
    moves = _choose(change, reservation, wanted)
    if moves is None:
        return Step(change, _too_many(change))
    repeats.add(identity(change))
    _move(change, reservation, moves, renounced)
    return Step(change, reservation, moves, applied=True, renounced=renounced)


def _choose(change: Change, reservation: Reservation, wanted: Wanted | None) -> Sequence[Move] | None:
    """What has not arrived cannot be handed over, but it can be given up."""
    if change.command == "confirm":
        return []
    travelling = change.command != "fulfil"
    return choose(reservation.lines, wanted, at_most=change.fact, travelling=travelling, anywhere=change.anywhere)


def _renounce(change: Change, reservation: Reservation) -> tuple[Sequence[tuple[Owed, int]], Wanted | None]:
    """What a release takes out of the units that are still to come, and what of those that are held."""
    if change.command != "release":
        return (), change.wanted
    return renounce(reservation.owed, change.wanted)


def _move(
    change: Change, reservation: Reservation, moves: Sequence[Move], renounced: Sequence[tuple[Owed, int]]
) -> None:
    for owed, units in renounced:
        owed.open -= units
    for move in moves:
        move.line.open -= move.quantity - move.travelling
        move.line.in_transit -= move.travelling
        move.line.fulfilled += move.quantity if change.command == "fulfil" else 0
    if change.command == "confirm" or (change.command == "fulfil" and reservation.state == "held"):
        reservation.state = "confirmed"
    if any(owed.open for owed in reservation.owed):
        return
    if reservation.state in COMMANDS["serve"]:
        (reservation.state,) = DONE["serve"]
    if moves or renounced:
        reservation.state = state_after(reservation.state, reservation.lines, EMPTIED[change.command])
    if reservation.state != "held":
        reservation.expires_at = None


def _movements(step: Step) -> list[Movement]:
    """Fulfilled units leave the shelf. Of a fact all of them do, even those whose promise is gone."""
    change = step.change
    if change.command != "fulfil":
        return []
    if change.fact and change.wanted is not None:
        shares = [(sku, place or "", quantity) for (sku, place), quantity in change.wanted.items()]
    else:
        shares = [(move.line.sku, move.line.location_id, move.quantity) for move in step.moves]
    return [
        Movement(
            source=change.source,
            event_id=change.event_id,
            line=number,
            kind=Kind.FULFILMENT,
            sku=sku,
            location_id=location_id,
            quantity=quantity,
            occurred_at=change.occurred_at,
            actor=change.actor,
            reference=change.reservation_id,
        )
        for number, (sku, location_id, quantity) in enumerate(shares)
    ]


def _changed(steps: Sequence[Step]) -> list[Reservation]:
    by_id = {step.outcome.reservation_id: step.outcome for step in steps if isinstance(step.outcome, Reservation)}
    return list(by_id.values())


def _renounced(steps: Sequence[Step]) -> list[OwedLine]:
    """The lines of which something is not awaited any more, each once."""
    lines = {
        (step.change.reservation_id, owed.key): OwedLine(step.change.reservation_id, owed)
        for step in steps
        for owed, _ in step.renounced
    }
    return list(lines.values())


def _events(steps: Sequence[Step], now: datetime) -> list[Event]:
    """Who waits for less, or for nothing any more, is told so as well."""
    events = []
    for step in steps:
        if not isinstance(step.outcome, Reservation):
            continue
        is_over = step.renounced and step.outcome.state == "released"
        if step.moves or is_over or step.change.command == "confirm":
            events.append(reservation_changed(ANNOUNCED[step.change.command], step.outcome, now, step.moves))
        if step.renounced and not is_over:
            events.append(promised(step.outcome, now))
    return events


def _illegal(change: Change, reservation: Reservation) -> DomainError:
    detail = f"A reservation that is {reservation.state} cannot {change.command}."
    return DomainError("illegal_transition", detail, state=reservation.state)


def _too_many(change: Change) -> DomainError:
    return InvalidRequest("/lines", f"the reservation has fewer open units than this would {change.command}")


async def expire_lapsed(transaction: Transaction, now: datetime) -> int:
    """Expire holds past their time, a bounded number of them; answers how many."""
    lapsed = await store.lapsed(transaction, now, LAPSE_LIMIT)
    changes = [
        Change(reservation_id, "expire", "/inventory/expiry", reservation_id, "inventory", now)
        for reservation_id in lapsed
    ]
    if changes:
        await change_reservations(transaction, changes, now)
    return len(changes)
