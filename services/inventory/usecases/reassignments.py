"""Places that will not give what they promised: the units are promised from elsewhere, whatever the books say."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.inventory.domain.allocation import Request
from services.inventory.domain.levels import Key
from services.inventory.domain.reassignment import Decision, Refused, reassign
from services.inventory.store import reallocations
from services.inventory.store import reservations as store
from services.inventory.store.reallocations import LackingLine
from services.inventory.store.reservations import GrantedLine, Reservation
from services.inventory.usecases.announcements import reservation_reassigned
from services.inventory.usecases.levels import LockedLevels, lock, settle
from services.inventory.usecases.reallocations import grant_elsewhere
from services.inventory.usecases.restrictions import restrictions_of_moves
from shared.consumer import Received
from shared.contracts.reassignments import OrderReassignmentRequested
from shared.database import Transaction
from shared.statements import gathered


@dataclass(frozen=True, slots=True)
class Reassign:
    """Wants `refused` units from elsewhere than `location_id`; (source, event_id) tells repeats."""

    reservation_id: str
    source: str
    event_id: str
    location_id: str
    refused: Refused
    command: str = "reassign"

    @property
    def keys(self) -> set[Key]:
        return {*((self.location_id, sku) for sku in self.refused.lines), *self.refused.elsewhere.keys}

    @property
    def identity(self) -> store.CommandIdentity:
        return (self.reservation_id, self.source, self.event_id)


async def reassign_orders(
    transaction: Transaction, requested: Sequence[Received[OrderReassignmentRequested]], now: datetime
) -> None:
    """Decide the requests in their order, each once, and answer each; one for a reservation that is not here is none.

    A wave holds one request of each reservation, so that none of its rows is written twice in one statement; all
    waves' rows are locked before the first, in the usual order.
    """
    waiting = [_command(member) for member in requested]
    await store.lock(transaction, [command.reservation_id for command in waiting])
    await lock(transaction, {key for command in waiting for key in command.keys})
    while waiting:
        first = {command.reservation_id: command for command in reversed(waiting)}
        await _decide(transaction, list(first.values()), now)
        waiting = [command for command in waiting if command is not first[command.reservation_id]]


def _command(requested: Received[OrderReassignmentRequested]) -> Reassign:
    event, data = requested
    lines: dict[str, int] = {}
    for line in data.lines:
        lines[line.sku] = lines.get(line.sku, 0) + line.quantity
    sourcing = data.sourcing
    elsewhere = Request(
        lines,
        sourcing.policy,
        [place for place in sourcing.candidates if place != data.location_id],
        keep_back=sourcing.keep_back,
        tiers=sourcing.tiers,
    )
    return Reassign(data.reservation_id, event.source, event.id, data.location_id, Refused(elsewhere, data.together))


async def _decide(transaction: Transaction, commands: Sequence[Reassign], now: datetime) -> None:
    """Commands to different reservations."""
    found = await store.lock(transaction, [command.reservation_id for command in commands])
    repeats = await store.known_commands(transaction, [command.identity for command in commands])
    fresh = [command for command in commands if command.reservation_id in found and command.identity not in repeats]
    channels = {command.reservation_id: found[command.reservation_id].channel for command in fresh}
    levels = await lock(transaction, {key for command in fresh for key in command.keys}, set(channels.values()))
    asked = {channels[command.reservation_id]: levels for command in fresh}
    bounds = await restrictions_of_moves(transaction, levels.channels, asked)
    lacking: list[LackingLine] = []
    granted: list[GrantedLine] = []
    events = []
    for command in fresh:
        reservation = found[command.reservation_id]
        elsewhere = replace(command.refused.elsewhere, bounds=bounds.get(reservation.channel, {}))
        refused = replace(command.refused, elsewhere=elsewhere)
        decision = _decision(replace(command, refused=refused), reservation, levels)
        lacking += _take(command, reservation, decision, levels)
        granted += [grant_elsewhere(reservation, share, levels) for share in decision.shares]
        events.append(reservation_reassigned(reservation, command.location_id, decision, now))
    writes = gathered(transaction)
    reallocations.move_lines(writes, lacking, granted, now)
    store.keep_commands(writes, fresh, now)
    await settle(transaction, levels, now, events)


def _decision(command: Reassign, reservation: Reservation, levels: LockedLevels) -> Decision:
    """A unit that the order was told to be nowhere is on its way out of the promise already.

    It is not where the whole bag is to come from elsewhere: nobody looks for it at the old counter any more.
    """
    is_whole = command.refused.together
    promised = {
        line.sku: line.open if is_whole else line.open - line.told_short
        for line in reservation.lines
        if line.location_id == command.location_id
    }
    available = {key: levels[key].free for key in command.keys if key in levels}
    return reassign(command.refused, promised, available)


def _take(command: Reassign, reservation: Reservation, decision: Decision, levels: LockedLevels) -> list[LackingLine]:
    """The moved units leave their lines and the shelf's promises."""
    lacking = []
    for line in reservation.lines:
        if line.location_id != command.location_id or line.sku not in command.refused.lines:
            continue
        moved = sum(share.quantity for share in decision.shares if share.sku == line.sku)
        short = decision.short.get(line.sku, 0)
        if moved or short:
            line.quantity -= moved
            line.open -= moved
            levels[line.key].reserved -= moved
            newly_short = min(line.open, line.told_short + short) - line.told_short
            line.told_short += newly_short
            lacking.append(
                LackingLine(reservation.reservation_id, line.sku, line.location_id, moved, newly_short, line.cap_id)
            )
    return lacking
