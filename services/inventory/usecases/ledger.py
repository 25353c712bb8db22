"""Recording movements: lock, leave out what is known, post, append."""

from collections.abc import Collection, Sequence
from datetime import datetime

from services.inventory.domain.ledger import Kind, Movement, Shelf, post
from services.inventory.domain.levels import Key
from services.inventory.store import incoming, ledger
from services.inventory.usecases.levels import LockedLevels
from shared.database import Transaction
from shared.statements import gathered


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
    known = levels.recorded
    if known is None:
        known = await ledger.recorded(transaction, map(ledger.cause, movements))
    fresh = _first_told(movements, known)
    if fresh:
        shelves = await _shelves(transaction, levels, list(fresh.values()))
        await ledger.append(transaction, post(list(fresh.values()), shelves), now)
        incoming.use_up(gathered(transaction), fresh.values())
    return set(fresh)


def _first_told(movements: Sequence[Movement], known: Collection[ledger.Cause]) -> dict[ledger.Identity, Movement]:
    """What is new. An event that is told again is known as a whole, whatever lines it has now."""
    told = set(known)
    fresh: dict[ledger.Identity, Movement] = {}
    for movement in movements:
        identity, cause = ledger.identity(movement), ledger.cause(movement)
        if identity in fresh:
            told.add(cause)
        elif cause not in told:
            fresh[identity] = movement
    return fresh


async def _shelves(transaction: Transaction, levels: LockedLevels, movements: Sequence[Movement]) -> dict[Key, Shelf]:
    """The shelves with their counts, as far as a movement may come before one. Most shelves have none to look for."""
    earliest: dict[Key, datetime] = {}
    for movement in movements:
        counted_at = levels[movement.key].counted_at
        if counted_at is not None and movement.occurred_at <= counted_at:
            earliest[movement.key] = min(movement.occurred_at, earliest.get(movement.key, movement.occurred_at))
    counts = await ledger.counts_from(transaction, earliest) if earliest else {}
    batch_counts = [movement for movement in movements if movement.kind is Kind.COUNT]
    changed_since = await ledger.changed_since(transaction, batch_counts)
    return {key: Shelf(level, counts.get(key, []), changed_since.get(key, {})) for key, level in levels.items()}
