"""Levels under lock: taken in key order, settled once, and what changed is announced."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from services.inventory.domain.backorders import is_disturbed
from services.inventory.domain.levels import Key, Level
from services.inventory.domain.oversold import at_risk
from services.inventory.store import backorders, reservations
from services.inventory.store import levels as store
from services.inventory.store.ledger import Cause
from shared.contracts.event import Event
from shared.contracts.stock import LEVEL_CHANGED, OVERSOLD, TRANSACTION, Oversold, PromiseAtRisk
from shared.database import Transaction, tell
from shared.identifiers import new_id
from shared.outbox import announce
from shared.statements import gathered

SOURCE = "/inventory"
LOOKS_CHANNEL = "backorders"
"""Told when the queue of a shelf is to be looked at."""


class LockedLevels(dict[Key, Level]):
    """Levels locked by this transaction; `found` is how they stood, to tell what changed.

    `channels` are the known ones of those that were asked for with them; `recorded` what the ledger has of the causes
    that were, None where nobody asked or shelves came later.
    """

    def __init__(self, locked: store.Locked) -> None:
        self.found: dict[Key, Level] = {}
        self.transaction_ids: dict[Key, str] = {}
        self.channels = locked.channels
        self.recorded = locked.recorded
        self._add(locked)

    def add(self, locked: store.Locked) -> None:
        """More of them: what was recorded is to be asked anew."""
        self._add(locked)
        self.recorded = None

    def _add(self, locked: store.Locked) -> None:
        self.update(locked.levels)
        self.found |= {key: level.copy() for key, level in locked.levels.items()}
        self.transaction_ids |= locked.transaction_ids

    def changed(self) -> dict[Key, Level]:
        return {key: level for key, level in self.items() if level != self.found[key]}


async def lock(transaction: Transaction, keys: Iterable[Key], channels: Collection[str] = ()) -> LockedLevels:
    """The levels that exist under the keys."""
    return LockedLevels(await store.lock(transaction, keys, channels))


async def lock_for_facts(transaction: Transaction, keys: Iterable[Key], causes: Iterable[Cause]) -> LockedLevels:
    """The same for facts; with them, what the ledger has of their causes."""
    return LockedLevels(await store.lock(transaction, keys, causes=set(causes)))


async def lock_or_create(transaction: Transaction, keys: Iterable[Key]) -> LockedLevels:
    """The levels under all of the keys; their places and items must be known to exist."""
    wanted = set(keys)
    levels = await lock(transaction, wanted)
    await create(transaction, levels, wanted - levels.keys())
    return levels


async def create(transaction: Transaction, levels: LockedLevels, missing: Collection[Key]) -> None:
    """Empty levels under the keys that are missing, locked with the others."""
    if missing:
        await store.create(transaction, missing)
        levels.add(await store.lock(transaction, missing))


async def settle(
    transaction: Transaction,
    levels: LockedLevels,
    now: datetime,
    events: Sequence[Event] = (),
) -> None:
    """Write what changed, with all that was gathered, and announce it behind the `events` that it came of.

    A shortfall that grew is announced before its level, so that the level is what a compacted topic keeps.
    """
    changed = levels.changed()
    oversold = []
    for key, level in changed.items():
        shortfall = level.shortfall
        if shortfall > levels.found[key].shortfall:
            oversold.append(key)
            level.announced_shortfall = shortfall
        else:
            level.announced_shortfall = min(level.announced_shortfall, shortfall)
    shortfalls = await _oversold(transaction, levels, oversold, now) if oversold else []
    store.write(gathered(transaction), levels.found, changed, now)
    look_at(transaction, [key for key, level in changed.items() if is_disturbed(levels.found[key], level)])
    changes = [_level_changed(key, level, levels.transaction_ids[key], now) for key, level in changed.items()]
    announce(transaction, [*events, *shortfalls, *changes])


def look_at(transaction: Transaction, keys: Collection[Key]) -> None:
    """Have those who wait at these shelves, their levels locked, served and told their dates.

    In a transaction of its own: it locks reservations, and those come before levels.
    """
    if keys:
        backorders.ask_for_look(gathered(transaction), keys)
        tell(transaction, LOOKS_CHANNEL)


def _level_changed(key: Key, level: Level, transaction_id: str, now: datetime) -> Event:
    location_id, sku = key
    members = {
        "sku": sku,
        "location_id": location_id,
        "on_hand": level.on_hand,
        "reserved": level.reserved,
        "available": level.available,
        "as_of": now,
    }
    return LEVEL_CHANGED.made_of(
        members,
        key=f"{location_id}/{sku}",
        event_id=new_id(),
        source=SOURCE,
        time=now,
        extensions={TRANSACTION: transaction_id},
    )


async def _oversold(transaction: Transaction, levels: LockedLevels, keys: list[Key], now: datetime) -> list[Event]:
    open_promises = await reservations.open_at(transaction, keys)
    events = []
    for location_id, sku in keys:
        level = levels[(location_id, sku)]
        promises = [
            PromiseAtRisk.model_validate(promise, from_attributes=True)
            for promise in at_risk(open_promises.get((location_id, sku), []), level.shortfall)
        ]
        data = Oversold(
            sku=sku,
            location_id=location_id,
            on_hand=level.on_hand,
            reserved=level.reserved,
            shortfall=level.shortfall,
            promises=promises,
            as_of=now,
        )
        events.append(OVERSOLD.event(data, event_id=new_id(), source=SOURCE, time=now))
    return events
