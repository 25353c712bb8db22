"""Keeping promises from elsewhere: an order whose units were sold on the shop floor gets them from other places."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.inventory.domain.allocation import Share
from services.inventory.domain.levels import Key
from services.inventory.domain.reallocation import Decision, Wish, reallocate
from services.inventory.domain.reservations import Line
from services.inventory.store import backorders, reallocations
from services.inventory.store import reservations as store
from services.inventory.store.backorders import OwedLine
from services.inventory.store.reallocations import LackingLine
from services.inventory.store.reservations import GrantedLine, Reservation
from services.inventory.usecases.announcements import promised, reservation_reallocated
from services.inventory.usecases.backorders import put_off
from services.inventory.usecases.levels import LockedLevels, lock, look_at, settle
from services.inventory.usecases.restrictions import restrictions_of_moves
from shared.consumer import Received
from shared.contracts.orders import OrderReallocationRequested
from shared.database import Transaction
from shared.statements import gathered


@dataclass(frozen=True, slots=True)
class Reallocate:
    """Wants `wish` from elsewhere than `short`; (source, event_id) tells repeats."""

    reservation_id: str
    source: str
    event_id: str
    short: Key
    wish: Wish
    command: str = "reallocate"

    @property
    def keys(self) -> set[Key]:
        return {self.short, *((place, self.wish.sku) for place in self.wish.candidates)}


async def reallocate_orders(
    transaction: Transaction, requested: Sequence[Received[OrderReallocationRequested]], now: datetime
) -> None:
    """Decide the wishes in their order, each once, and answer each; one for a reservation that is not here is none.

    A wave holds one wish of each reservation, so that none of its rows is written twice in one statement; all waves'
    rows are locked before the first, in the usual order.
    """
    waiting = [_command(member) for member in requested]
    await store.lock(transaction, [command.reservation_id for command in waiting])
    await lock(transaction, {key for command in waiting for key in command.keys})
    while waiting:
        first = {command.reservation_id: command for command in reversed(waiting)}
        wave = [command for command in waiting if command is first[command.reservation_id]]
        await _decide(transaction, wave, now)
        waiting = [command for command in waiting if command is not first[command.reservation_id]]


def _command(requested: Received[OrderReallocationRequested]) -> Reallocate:
    event, data = requested
    sourcing = data.sourcing
    places = [place for place in sourcing.candidates if place != data.location_id] if sourcing is not None else []
    wish = Wish(data.sku, data.quantity, "in_order", places)
    if sourcing is not None:
        wish = replace(wish, policy=sourcing.policy, keep_back=sourcing.keep_back, tiers=sourcing.tiers)
    return Reallocate(data.reservation_id, event.source, event.id, (data.location_id, data.sku), wish)


async def _decide(transaction: Transaction, commands: Sequence[Reallocate], now: datetime) -> None:
    """Commands to different reservations."""
    found = await store.lock(transaction, [command.reservation_id for command in commands])
    repeats = await store.known_commands(transaction, [_identity(command) for command in commands])
    fresh = [command for command in commands if command.reservation_id in found and _identity(command) not in repeats]
    channels = {command.reservation_id: found[command.reservation_id].channel for command in fresh}
    levels = await lock(transaction, {key for command in fresh for key in command.keys}, set(channels.values()))
    asked = {channels[command.reservation_id]: levels for command in fresh}
    bounds = await restrictions_of_moves(transaction, levels.channels, asked)
    told_short = Counter(await reallocations.told_short(transaction, [command.short for command in fresh]))
    lacking: list[LackingLine] = []
    granted: list[GrantedLine] = []
    owed: list[OwedLine] = []
    events = []
    for command in fresh:
        reservation = found[command.reservation_id]
        wish = replace(command.wish, bounds=bounds.get(reservation.channel, {}))
        decision = _decision(replace(command, wish=wish), reservation, levels, told_short)
        put_off_units = decision.short if _can_wait(reservation, command.short) else 0
        if put_off_units:
            told_short[command.short] -= put_off_units
            decision = replace(decision, short=0, kept=decision.kept + put_off_units)
        if decision.shares or decision.short or put_off_units:
            line = _take(command, reservation, decision, levels)
            lacking.append(line._replace(moved=line.moved + put_off_units))
        granted += [grant_elsewhere(reservation, share, levels) for share in decision.shares]
        events.append(reservation_reallocated(reservation, command.short, decision, now))
        if put_off_units:
            owed.append(put_off(reservation, command.short, put_off_units, levels))
            events.append(promised(reservation, now))
    writes = gathered(transaction)
    backorders.insert(writes, owed)
    look_at(transaction, {line.owed.key for line in owed})
    reallocations.move_lines(writes, lacking, granted, now)
    store.keep_commands(writes, fresh, now)
    await settle(transaction, levels, now, events)


def _identity(command: Reallocate) -> store.CommandIdentity:
    return (command.reservation_id, command.source, command.event_id)


def _decision(
    command: Reallocate, reservation: Reservation, levels: LockedLevels, told_short: Counter[Key]
) -> Decision:
    """A unit that an order was told to be nowhere is not missed by another: it is on its way out of the promises."""
    line = reservation.line(command.short)
    if line is None or command.short not in levels:
        return Decision((), 0, command.wish.quantity)
    shortfall = max(0, levels[command.short].shortfall - told_short[command.short])
    available = {key: levels[key].free for key in command.keys if key in levels}
    decision = reallocate(command.wish, line.open - line.told_short, shortfall, available)
    told_short[command.short] += decision.short
    return decision


def _can_wait(reservation: Reservation, key: Key) -> bool:
    """Whether its order waits anyway: then it waits for what no place has as well. Capped units are not put off."""
    line = reservation.line(key)
    return reservation.state == "backordered" and line is not None and line.cap_id is None


def _take(command: Reallocate, reservation: Reservation, decision: Decision, levels: LockedLevels) -> LackingLine:
    """The moved units leave their line and the shelf's promises."""
    location_id, sku = command.short
    moved = sum(share.quantity for share in decision.shares)
    for line in reservation.lines:
        if line.key == command.short:
            line.quantity -= moved
            line.open -= moved
            line.told_short += decision.short
    levels[command.short].reserved -= moved
    lacking = reservation.line(command.short)
    cap_id = lacking.cap_id if lacking is not None else None
    return LackingLine(reservation.reservation_id, sku, location_id, moved, decision.short, cap_id)


def grant_elsewhere(reservation: Reservation, share: Share, levels: LockedLevels) -> GrantedLine:
    """The units are promised from their new place, with what was available there right before.

    They go on counting against the cap that they were promised under.
    """
    key = (share.location_id, share.sku)
    available = levels[key].free
    line = reservation.line(key)
    if line is None:
        cap_id = next((line.cap_id for line in reservation.lines if line.sku == share.sku), None)
        line = Line(share.sku, share.location_id, 0, 0, 0, cap_id=cap_id)
        reservation.lines.append(line)
    line.quantity += share.quantity
    line.open += share.quantity
    levels[key].reserved += share.quantity
    return GrantedLine(reservation.reservation_id, share.sku, share.location_id, share.quantity, available, line.cap_id)
