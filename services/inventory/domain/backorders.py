"""Backorders: units promised from what is expected, and who is served when it comes.

Those who wait at a shelf stand in a queue, the oldest promise first. What comes goes to the first of them, so a promise
has no delivery of its own: its date is that of the delivery with which the queue up to it is served.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.inventory.domain.allocation import Request, Share, allocate
from services.inventory.domain.channels import Pool
from services.inventory.domain.levels import Key, Level
from services.inventory.domain.reservations import Wanted


@dataclass(frozen=True, slots=True)
class Expected:
    """Units that are still to come to a place, and from when on they can be handed out."""

    quantity: int
    available_at: datetime


@dataclass(slots=True)
class Owed:
    """Units of one item promised from what is expected at one place; `open` ones are still awaited.

    `expected` is what could be promised so right before. Without `promised_by` too little is expected by now.
    """

    sku: str
    location_id: str
    quantity: int
    open: int
    expected: int
    promised_at: datetime
    promised_by: datetime | None

    @property
    def key(self) -> Key:
        return (self.location_id, self.sku)


@dataclass(frozen=True, slots=True)
class Backorder:
    """`shares` are held at once, the `owed` units are awaited."""

    shares: Sequence[Share]
    owed: Sequence[Owed]


def unpromised(expected: Sequence[Expected], backlog: int, now: datetime) -> list[Expected]:
    """What may be promised of deliveries, the earliest first, of which the first `backlog` units are owed already.

    A delivery that is overdue is still waited for, but nobody knows when it comes.
    """
    passed = max(backlog, sum(delivery.quantity for delivery in expected if delivery.available_at <= now))
    left = []
    for delivery in expected:
        taken = min(passed, delivery.quantity)
        passed -= taken
        if taken < delivery.quantity:
            left.append(Expected(delivery.quantity - taken, delivery.available_at))
    return left


def backorder(
    request: Request,
    available: dict[Key, int],
    left: dict[Pool, int],
    expected: Mapping[Key, Sequence[Expected]],
    now: datetime,
) -> Backorder | None:
    """Hold what is there, and promise the rest from what is expected at the candidates; None where that is too little.

    `available` and `left` are as for `allocate`, and reduced by what is held and owed. Under `single_location` one
    place gives all of it.
    """
    places = tuple(dict.fromkeys(request.candidates))
    attempts = [(place,) for place in places] if request.policy == "single_location" else [places]
    for candidates in attempts:
        found = _attempt(replace(request, candidates=candidates), available, left, expected, now)
        if found is not None:
            return found
    return None


def _attempt(
    request: Request,
    available: dict[Key, int],
    left: dict[Pool, int],
    expected: Mapping[Key, Sequence[Expected]],
    now: datetime,
) -> Backorder | None:
    (decision,) = allocate([request], available, left)
    missing = {short.sku: short.requested - short.available for short in decision.shortages}
    there = {sku: quantity - missing.get(sku, 0) for sku, quantity in request.lines.items()}
    if missing and any(there.values()):
        held = replace(request, lines={sku: units for sku, units in there.items() if units})
        (decision,) = allocate([held], available, left)
    owed: list[Owed] = []
    for sku, units in missing.items():
        promised = _owe(sku, units, request, available, expected, now)
        if promised is None:
            _undo(request, decision.shares, available, left)
            return None
        owed += promised
    for line in owed:
        available[line.key] -= line.open
    return Backorder(decision.shares, owed)


def _owe(
    sku: str,
    missing: int,
    request: Request,
    available: Mapping[Key, int],
    expected: Mapping[Key, Sequence[Expected]],
    now: datetime,
) -> list[Owed] | None:
    """Units of one item, from the earliest deliveries, of equals from the place that is preferred.

    A place promises nothing ahead while it has units: those that this request may not have are no reason to wait for
    others. Nor does one where the channel is capped: a cap counts units that are there.
    """
    open_at = {
        place: unpromised(expected[place, sku], -available[place, sku], now)
        for place in request.candidates
        if (place, sku) in expected and available.get((place, sku), 1) <= 0 and request.pool((place, sku)) is None
    }
    deliveries = [(delivery, place) for place, found in open_at.items() for delivery in found]
    owed: dict[str, Owed] = {}
    for delivery, place in sorted(deliveries, key=lambda found: found[0].available_at):
        taken = min(missing, delivery.quantity)
        if not taken:
            break
        in_all = sum(delivery.quantity for delivery in open_at[place])
        line = owed.setdefault(place, Owed(sku, place, 0, 0, in_all, now, delivery.available_at))
        line.quantity += taken
        line.open += taken
        line.promised_by = delivery.available_at
        missing -= taken
    return None if missing else list(owed.values())


def _undo(request: Request, shares: Iterable[Share], available: dict[Key, int], left: dict[Pool, int]) -> None:
    for share in shares:
        key = (share.location_id, share.sku)
        available[key] += share.quantity
        pool = request.pool(key)
        if pool is not None:
            left[pool] += share.quantity


@dataclass(frozen=True, slots=True)
class Waiting:
    """A place in the queue of a shelf."""

    reservation_id: str
    units: int
    promised_by: datetime | None


@dataclass(frozen=True, slots=True)
class Turn:
    """What a look at the queue finds for one who waits: units that are served now, and when the rest will be."""

    served: int
    promised_by: datetime | None


def look(queue: Sequence[Waiting], there: int, expected: Sequence[Expected], now: datetime) -> list[Turn]:
    """Serve the queue, the oldest promise first, and say when the rest of it will be.

    `there` is on_hand - reserved - safety_stock, below 0 where that is to be made good first.
    A date that has passed stays what it was until somebody says when the delivery comes.
    """
    turns = []
    for waiting in queue:
        served = min(waiting.units, max(0, there))
        there -= waiting.units
        date = _date_of(-there, expected)
        is_overdue = date is not None and date <= now
        turns.append(Turn(served, waiting.promised_by if there >= 0 or is_overdue else date))
    return turns


def _date_of(units: int, expected: Iterable[Expected]) -> datetime | None:
    """When so many units will have come; None where fewer are expected."""
    for delivery in expected:
        units -= delivery.quantity
        if units <= 0:
            return delivery.available_at
    return None


def is_disturbed(before: Level, after: Level) -> bool:
    """Whether the queue of a shelf has to be looked at: there is more or less for it, or somebody has left it.

    Who joins it, or is served, changes nothing for the others.
    """
    return after.awaited > 0 and after.free != before.free and after.awaited <= before.awaited


def renounce(owed: Sequence[Owed], wanted: Wanted | None) -> tuple[list[tuple[Owed, int]], Wanted | None]:
    """Take units out of what is owed, all or the wanted ones, those that would come last first.

    Answers them with how many it were, and what is still wanted of the units that are held.
    """
    if wanted is None:
        return [(line, line.open) for line in owed if line.open], None
    latest = sorted(owed, key=lambda line: (line.promised_by is None, line.promised_by or line.promised_at))
    given: list[tuple[Owed, int]] = []
    left: dict[tuple[str, str | None], int] = {}
    open_units = {line.key: line.open for line in owed}
    for (sku, location_id), quantity in wanted.items():
        for line in reversed(latest):
            if line.sku == sku and location_id in (None, line.location_id):
                taken = min(quantity, open_units[line.key])
                open_units[line.key] -= taken
                quantity -= taken
                given += [(line, taken)] if taken else []
        if quantity:
            left[sku, location_id] = quantity
    return given, left
