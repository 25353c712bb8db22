"""What tills tell: facts, never refused for lack of stock, counted once whichever door they came through."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from services.inventory.domain.ledger import Kind, Movement
from services.inventory.store import items, ledger, locations
from services.inventory.store import tills as store
from services.inventory.usecases.ledger import record, touched
from services.inventory.usecases.levels import lock_or_create, settle
from shared.consumer import Received
from shared.contracts import sales, tills
from shared.contracts.event import Event, EventType
from shared.database import Transaction
from shared.errors import DomainError
from shared.outbox import announce

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


async def record_till_events(
    transaction: Transaction, received: Sequence[Received[Any]], now: datetime
) -> list[Effect | DomainError]:
    """Record the events' lines; for each event whether it was new, or why it can never take effect."""
    refused = await _refused(transaction, received)
    accepted = [event for place, event in enumerate(received) if place not in refused]
    movements = {_identity(event.event): movements_of(event) for event in accepted}
    lines = [movement for event_lines in movements.values() for movement in event_lines]
    levels, created = await lock_or_create(transaction, touched(lines))
    if created:
        await items.add_unlisted(transaction, {sku for _, sku in created})
    fresh = await record(transaction, levels, lines, now)
    await settle(transaction, levels, now)
    await store.hear(transaction, _heard(accepted), now)

    effects: list[Effect | DomainError] = []
    announced: list[Event] = []
    for place, member in enumerate(received):
        if place in refused:
            effects.append(refused[place])
            continue
        first = ledger.identity(movements[_identity(member.event)][0])
        effects.append(Effect.APPLIED if first in fresh else Effect.DUPLICATE)
        if first in fresh and member.event.type in ANNOUNCED:
            announced.append(_announcement(member))
        fresh.discard(first)
    await announce(transaction, announced)
    return effects


def _identity(event: Event) -> tuple[str, str]:
    return (event.source, event.id)


async def _refused(transaction: Transaction, received: Sequence[Received[Any]]) -> dict[int, DomainError]:
    places = {member.data.location_id for member in received}
    unknown = await locations.unknown(transaction, list(places))
    return {
        place: DomainError("unknown_location", f"/location_id: there is no location {member.data.location_id}")
        for place, member in enumerate(received)
        if member.data.location_id in unknown
    }


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


def _heard(received: Sequence[Received[Any]]) -> list[store.Heard]:
    by_source: dict[str, list[Received[Any]]] = defaultdict(list)
    for member in received:
        by_source[member.event.source].append(member)
    return [
        store.Heard(
            source,
            members[-1].data.location_id,
            frozenset(number for member in members if (number := member.event.sequence)),
            max(member.event.time for member in members),
        )
        for source, members in by_source.items()
    ]
