"""Recording movements: lock, leave out what is known, post, append."""

from collections.abc import Sequence
from datetime import datetime

from services.inventory.domain.ledger import Kind, Movement, Shelf, post
from services.inventory.domain.levels import Key
from services.inventory.store import ledger
from services.inventory.usecases.levels import LockedLevels
from shared.database import Transaction


def touched(movements: Sequence[Movement]) -> set[Key]:
    """The keys whose levels the movements change, destinations of transfers included."""
    destinations = {(move.to_location_id, move.sku) for move in movements if move.to_location_id is not None}
    return {movement.key for movement in movements} | destinations


async def record(
    transaction: Transaction, levels: LockedLevels, movements: Sequence[Movement], now: datetime
) -> set[ledger.Identity]:
    """Post the movements that are not in the ledger yet, bring `levels` up to date; answers which ones were new.

    `levels` holds what `touched` names. The caller settles them.
    """
    if not movements:
        return set()
    seen = await ledger.recorded(transaction, movements)
    fresh: list[Movement] = []
    for movement in movements:
        identity = ledger.identity(movement)
        if identity not in seen:
            seen.add(identity)
            fresh.append(movement)
    if fresh:
        shelves = await _shelves(transaction, levels, fresh)
        await ledger.append(transaction, post(fresh, shelves), now)
    return {ledger.identity(movement) for movement in fresh}


async def _shelves(transaction: Transaction, levels: LockedLevels, movements: Sequence[Movement]) -> dict[Key, Shelf]:
    earliest: dict[Key, datetime] = {}
    for movement in movements:
        earliest[movement.key] = min(movement.occurred_at, earliest.get(movement.key, movement.occurred_at))
    counts = await ledger.counts_from(transaction, earliest)
    batch_counts = [movement for movement in movements if movement.kind is Kind.COUNT]
    changed_since = await ledger.changed_since(transaction, batch_counts)
    return {key: Shelf(levels[key], counts.get(key, []), changed_since.get(key, {})) for key in touched(movements)}
