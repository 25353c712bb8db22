"""Granting promises: lock the touched levels once, decide in memory, write once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.inventory.domain.allocation import Decision, Request, Share, allocate
from services.inventory.domain.levels import Key
from services.inventory.domain.reservations import Line
from services.inventory.store import items, locations
from services.inventory.store import reservations as store
from services.inventory.store.reservations import GrantedLine, Reservation
from services.inventory.usecases.announcements import rejected, reservation_changed
from services.inventory.usecases.levels import LockedLevels, lock, settle
from shared.contracts.event import Event
from shared.contracts.reservations import HELD
from shared.database import Transaction, Writes
from shared.errors import DomainError, InvalidRequest
from shared.identifiers import new_id


@dataclass(frozen=True, slots=True)
class Reserve:
    """Asks for a promise. Without `candidates` every location that ships may give; without `ttl` it never lapses."""

    reference: str
    channel: str
    lines: Mapping[str, int]
    policy: str = "fewest_splits"
    candidates: Sequence[str] | None = None
    ttl: timedelta | None = None
    order_id: str | None = None
    reservation_id: str = field(default_factory=new_id)


Outcome = Reservation | DomainError


async def reserve(transaction: Transaction, commands: Sequence[Reserve], now: datetime) -> list[Outcome]:
    """A held reservation for each command, or why it was refused. First come, first served within the batch."""
    requests = await _requests(transaction, commands)
    levels = await lock(transaction, {key for request in requests for key in _keys(request)})
    unknown = await _unknown(transaction, requests, levels)
    granted_from = {key: level.on_hand - level.reserved - level.safety_stock for key, level in levels.items()}
    remaining = dict(granted_from)
    known = [request for place, request in enumerate(requests) if place not in unknown]
    decisions = iter(allocate(known, remaining))
    outcomes: list[Outcome] = [
        unknown[place] if place in unknown else _outcome(command, next(decisions), now)
        for place, command in enumerate(commands)
    ]
    granted = [outcome for outcome in outcomes if isinstance(outcome, Reservation)]
    writes = Writes()
    store.insert(writes, granted + _remembered(commands, outcomes, now), _hold(granted, levels, granted_from))
    await settle(transaction, levels, now, _events(commands, outcomes, now), writes)
    return outcomes


async def _requests(transaction: Transaction, commands: Sequence[Reserve]) -> list[Request]:
    shipping = await locations.shipping(transaction) if any(command.candidates is None for command in commands) else []
    return [
        Request(command.lines, command.policy, shipping if command.candidates is None else command.candidates)
        for command in commands
    ]


def _keys(request: Request) -> list[Key]:
    return [(place, sku) for place in request.candidates for sku in request.lines]


async def _unknown(
    transaction: Transaction, requests: Sequence[Request], levels: LockedLevels
) -> dict[int, DomainError]:
    """Requests that name what does not exist. What has a level exists; only the rest needs a look."""
    known_places = {place for place, _ in levels}
    known_skus = {sku for _, sku in levels}
    skus = {sku for request in requests for sku in request.lines} - known_skus
    places = {place for request in requests for place in request.candidates} - known_places
    missing_skus = await items.unknown(transaction, skus) if skus else set()
    missing_places = await locations.unknown(transaction, list(places)) if places else set()
    refused: dict[int, DomainError] = {}
    for number, request in enumerate(requests):
        for place, location_id in enumerate(request.candidates):
            if location_id in missing_places:
                where = f"/sourcing/candidates/{place}"
                refused[number] = InvalidRequest(where, f"there is no location {location_id}", "unknown_location")
        for place, sku in enumerate(request.lines):
            if sku in missing_skus:
                refused[number] = InvalidRequest(f"/lines/{place}/sku", f"there is no item {sku}", "unknown_sku")
    return refused


def _outcome(command: Reserve, decision: Decision, now: datetime) -> Outcome:
    if decision.shortages:
        shortages = [
            {"sku": short.sku, "requested": short.requested, "available": short.available}
            for short in decision.shortages
        ]
        return DomainError("insufficient_stock", "Some lines ask for more than is available.", shortages=shortages)
    return Reservation(
        reservation_id=command.reservation_id,
        reference=command.reference,
        channel=command.channel,
        state="held",
        order_id=command.order_id,
        expires_at=now + command.ttl if command.ttl else None,
        created_at=now,
        lines=[_line(share) for share in decision.shares],
    )


def _line(share: Share) -> Line:
    return Line(share.sku, share.location_id, share.quantity, share.quantity, 0)


def _hold(granted: Sequence[Reservation], levels: LockedLevels, granted_from: dict[Key, int]) -> list[GrantedLine]:
    """Reserve the granted units on the levels; each line keeps what was available right before it."""
    lines = []
    for reservation in granted:
        for line in reservation.lines:
            available = granted_from[line.key]
            lines.append(GrantedLine(reservation.reservation_id, line.sku, line.location_id, line.quantity, available))
            granted_from[line.key] = available - line.quantity
            levels[line.key].reserved += line.quantity
    return lines


def _remembered(commands: Sequence[Reserve], outcomes: Sequence[Outcome], now: datetime) -> list[Reservation]:
    """An order's refusal is kept, so that the same question asked twice is not answered differently."""
    return [
        Reservation(command.reservation_id, command.reference, command.channel, "rejected", command.order_id, None, now)
        for command, outcome in zip(commands, outcomes, strict=True)
        if command.order_id is not None and isinstance(outcome, DomainError)
    ]


def _events(commands: Sequence[Reserve], outcomes: Sequence[Outcome], now: datetime) -> list[Event]:
    events = []
    for command, outcome in zip(commands, outcomes, strict=True):
        if isinstance(outcome, Reservation):
            events.append(reservation_changed(HELD, outcome, now))
        elif command.order_id is not None:
            events.append(
                rejected(command.reservation_id, command.reference, command.channel, command.lines, outcome, now)
            )
    return events
