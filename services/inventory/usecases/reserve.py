"""Granting promises: lock the touched levels once, decide in memory, write once."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from services.inventory.domain.allocation import Decision, Request, Share, allocate
from services.inventory.domain.backorders import Backorder
from services.inventory.domain.channels import Pool
from services.inventory.domain.levels import Key
from services.inventory.domain.reservations import Line
from services.inventory.store import channels
from services.inventory.store import reservations as store
from services.inventory.store.reservations import GrantedLine, Reservation
from services.inventory.usecases.announcements import promised, rejected
from services.inventory.usecases.backorders import owe, promise_ahead
from services.inventory.usecases.levels import LockedLevels, lock, settle
from services.inventory.usecases.requests import Reserve, bounded, refusals, requests_of, rules_for
from services.inventory.usecases.restrictions import Restrictions
from shared.contracts.event import Event
from shared.database import Transaction
from shared.errors import DomainError
from shared.statements import gathered

Outcome = Reservation | DomainError


async def reserve(transaction: Transaction, commands: Sequence[Reserve], now: datetime) -> list[Outcome]:
    """A held reservation for each command, or why it was refused. First come, first served within the batch."""
    requests = await requests_of(transaction, commands)
    levels = await lock(
        transaction, {key for request in requests for key in request.keys}, {command.channel for command in commands}
    )
    rules = await rules_for(transaction, commands, requests, levels, levels.channels, locked=True)
    requests = bounded(commands, requests, rules)
    refused = await refusals(transaction, commands, requests, levels, rules)
    granted_from = {key: level.free for key, level in levels.items()}
    remaining = dict(granted_from)
    decisions = iter(
        allocate([request for place, request in enumerate(requests) if place not in refused], remaining, rules.left)
    )
    outcomes: list[Outcome] = [
        refused[place] if place in refused else _outcome(command, request, next(decisions), rules, now)
        for place, (command, request) in enumerate(zip(commands, requests, strict=True))
    ]
    outcomes = await _wait_for_more(transaction, commands, requests, outcomes, remaining, rules, now)
    granted = [outcome for outcome in outcomes if isinstance(outcome, Reservation)]
    writes = gathered(transaction)
    store.insert(writes, granted + _remembered(commands, outcomes, now), _hold(granted, levels, granted_from))
    channels.count(writes, _counted(granted))
    owe(writes, granted, levels)
    await settle(transaction, levels, now, _events(commands, outcomes, now))
    return outcomes


async def _wait_for_more(
    transaction: Transaction,
    commands: Sequence[Reserve],
    requests: Sequence[Request],
    outcomes: Sequence[Outcome],
    remaining: dict[Key, int],
    rules: Restrictions,
    now: datetime,
) -> list[Outcome]:
    """The outcomes, with what is expected for those that would wait for it; they are decided behind all others."""
    waiting = [
        (command.reservation_id, request)
        for command, request, outcome in zip(commands, requests, outcomes, strict=True)
        if command.backorder and isinstance(outcome, DomainError) and outcome.code == "insufficient_stock"
    ]
    found = await promise_ahead(transaction, waiting, remaining, rules.left, now)
    return [
        _granted(command, request, found[command.reservation_id], rules, now)
        if command.reservation_id in found
        else outcome
        for command, request, outcome in zip(commands, requests, outcomes, strict=True)
    ]


def _outcome(command: Reserve, request: Request, decision: Decision, rules: Restrictions, now: datetime) -> Outcome:
    return insufficient(decision) if decision.shortages else _granted(command, request, decision, rules, now)


def _granted(
    command: Reserve, request: Request, decision: Decision | Backorder, rules: Restrictions, now: datetime
) -> Reservation:
    owed = list(decision.owed) if isinstance(decision, Backorder) else []
    return Reservation(
        reservation_id=command.reservation_id,
        reference=command.reference,
        channel=command.channel,
        state="backordered" if owed else "held",
        order_id=command.order_id,
        expires_at=_lapse(command, rules, now),
        created_at=now,
        lines=[_line(request, share) for share in decision.shares],
        owed=owed,
    )


def insufficient(decision: Decision) -> DomainError:
    """The refusal of a decision that has shortages."""
    shortages = [
        {"sku": short.sku, "requested": short.requested, "available": short.available} for short in decision.shortages
    ]
    return DomainError("insufficient_stock", "Some lines ask for more than is available.", shortages=shortages)


def _lapse(command: Reserve, rules: Restrictions, now: datetime) -> datetime | None:
    channel = rules.channels.get(command.channel)
    if command.ttl_by_default and channel is not None and channel.hold_seconds is not None:
        return now + timedelta(seconds=channel.hold_seconds)
    return now + command.ttl if command.ttl else None


def _line(request: Request, share: Share) -> Line:
    pool = request.pool((share.location_id, share.sku))
    cap_id = pool[0] if pool is not None else None
    return Line(share.sku, share.location_id, share.quantity, share.quantity, 0, cap_id=cap_id)


def _counted(granted: Sequence[Reservation]) -> Mapping[Pool, int]:
    """What was promised of each pool."""
    counted: Counter[Pool] = Counter()
    for reservation in granted:
        for line in reservation.lines:
            if line.cap_id is not None:
                counted[line.cap_id, line.sku] += line.quantity
    return counted


def _hold(granted: Sequence[Reservation], levels: LockedLevels, granted_from: dict[Key, int]) -> list[GrantedLine]:
    """Reserve the granted units on the levels; each line keeps what was available right before it."""
    lines = []
    for reservation in granted:
        for line in reservation.lines:
            available = granted_from[line.key]
            lines.append(
                GrantedLine(
                    reservation.reservation_id, line.sku, line.location_id, line.quantity, available, line.cap_id
                )
            )
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
            events.append(promised(outcome, now))
        elif command.order_id is not None:
            events.append(
                rejected(command.reservation_id, command.reference, command.channel, command.lines, outcome, now)
            )
    return events
