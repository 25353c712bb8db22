"""What tills tell: facts, never refused for lack of stock, counted once whichever door they came through."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

import structlog

from services.inventory.domain.ledger import Kind, Movement
from services.inventory.domain.tills import clock_sample, identify
from services.inventory.store import items, ledger, locations
from services.inventory.store import tills as store
from services.inventory.usecases import till_returns
from services.inventory.usecases.ledger import record, touched
from services.inventory.usecases.levels import LockedLevels, create, lock_for_facts, settle
from shared.consumer import Received
from shared.contracts import sales, tills
from shared.contracts.event import Event, EventType
from shared.database import Transaction, is_transient, savepoint
from shared.dead_letters import UNEXPECTED, describe
from shared.errors import DomainError
from shared.statements import gathered

log = structlog.get_logger(__name__)

KINDS: Mapping[str, Kind] = {
    tills.SALE.name: Kind.SALE,
    tills.RETURN.name: Kind.RETURN,
    tills.VOID.name: Kind.VOID,
    tills.COUNT.name: Kind.COUNT,
    tills.RECEIPT.name: Kind.RECEIPT,
}
ANNOUNCED: Mapping[str, EventType[Any]] = {
    tills.SALE.name: sales.RECORDED,
    tills.RETURN.name: sales.RETURNED,
    tills.VOID.name: sales.VOIDED,
}


class Effect(StrEnum):
    APPLIED = "applied"
    DUPLICATE = "duplicate"


Told = tuple[Received[Any], bool]
"""An event that takes effect, and whether it is new."""


async def record_till_events(
    transaction: Transaction, received: Sequence[Received[Any]], now: datetime
) -> list[Effect | DomainError]:
    """Record the events' lines; for each event whether it was new, or why it can never take effect."""
    lines = [movements_of(member) for member in received]
    levels, unknown_places = await _lock(transaction, lines)
    accepted = [place for place, member in enumerate(received) if member.data.location_id not in unknown_places]
    writes = gathered(transaction)
    movements = [movement for place in accepted for movement in lines[place]]
    fresh = await record(transaction, levels, movements, now)

    effects: list[Effect | DomainError] = []
    told: list[Told] = []
    announced: list[Event] = []
    for member, (first, *_) in zip(received, lines, strict=True):
        if member.data.location_id in unknown_places:
            effects.append(_unknown_location(member.data.location_id))
            continue
        is_new = ledger.identity(first) in fresh
        fresh.discard(ledger.identity(first))
        effects.append(Effect.APPLIED if is_new else Effect.DUPLICATE)
        told.append((member, is_new))
        if is_new and member.event.type in ANNOUNCED:
            announced.append(_announcement(member))
    new = [member for member, is_new in told if is_new]
    till_returns.note(writes, new, now)
    store.hear(writes, _heard(told, now), now)
    await settle(transaction, levels, now, [*announced, *till_returns.of_orders(new, now)])
    return effects


async def record_one_by_one(
    transaction: Transaction, received: Sequence[Received[Any]], now: datetime
) -> list[Effect | DomainError]:
    """The same, each event in a savepoint of its own: what breaks the code alone is the poison, and the rest counts."""
    effects: list[Effect | DomainError] = []
    for member in received:
        try:
            async with savepoint(transaction):
                (effect,) = await record_till_events(transaction, [member], now)
        except Exception as error:
            if is_transient(error):
                raise
            log.error("tills.poison", event_id=member.event.id, source=member.event.source, exc_info=error)
            effect = DomainError(UNEXPECTED, describe(error))
        effects.append(effect)
    return effects


async def _lock(transaction: Transaction, lines: Sequence[Sequence[Movement]]) -> tuple[LockedLevels, set[str]]:
    """The levels that the lines touch, and the places among them that do not exist.

    What has a level exists; only what is new needs a look, and an item that is new to us is created unlisted.
    """
    movements = [movement for event_lines in lines for movement in event_lines]
    wanted = touched(movements)
    levels = await lock_for_facts(transaction, wanted, map(ledger.cause, movements))
    missing = wanted - levels.keys()
    if not missing:
        return levels, set()
    unknown = await locations.unknown(transaction, [place for place, _ in missing])
    new = {key for key in missing if key[0] not in unknown}
    await items.add_unlisted(transaction, {sku for _, sku in new})
    await create(transaction, levels, new)
    return levels, unknown


def _unknown_location(location_id: str) -> DomainError:
    return DomainError("unknown_location", f"/location_id: there is no location {location_id}")


def movements_of(member: Received[Any]) -> list[Movement]:
    """One movement for each line of a till's event."""
    event, data = member
    kind = KINDS[event.type]
    reference = getattr(data, "receipt_id", None) or getattr(data, "reference", None)
    return [
        Movement(
            source=event.source,
            event_id=event.id,
            line=number,
            kind=Kind.DAMAGED_RETURN if kind is Kind.RETURN and line.condition == "damaged" else kind,
            sku=line.sku,
            location_id=data.location_id,
            quantity=line.quantity,
            occurred_at=event.time,
            actor=event.source,
            reference=reference,
        )
        for number, line in enumerate(data.lines)
    ]


def _announcement(member: Received[Any]) -> Event:
    """The till's own event under its new type: the same identity, so readers downstream can tell repeats."""
    event = member.event
    kind = ANNOUNCED[event.type]
    return Event(event.id, event.source, kind.name, event.time, kind.key(member.data), event.data, event.extensions)


def _heard(told: Sequence[Told], now: datetime) -> list[store.Heard]:
    by_source: dict[str, list[Told]] = defaultdict(list)
    for member, is_new in told:
        by_source[member.event.source].append((member, is_new))
    return [_heard_of(source, members, now) for source, members in by_source.items()]


def _heard_of(source: str, told: Sequence[Told], now: datetime) -> store.Heard:
    numbers = [(number, is_new) for member, is_new in told if (number := member.event.sequence)]
    last_event_at = max(member.event.time for member, _ in told)
    last_sent_at = max((sent_at for member, _ in told if (sent_at := member.event.sent_at)), default=None)
    return store.Heard(
        till=identify(source).till,
        source=source,
        location_id=told[-1][0].data.location_id,
        sequences=frozenset(number for number, _ in numbers),
        numbered_events=sum(is_new for _, is_new in numbers),
        last_event_at=last_event_at,
        clock_sample=clock_sample(last_event_at, last_sent_at, now),
    )
