"""The life of a reservation: held → confirmed → fulfilled; held or confirmed → released; held → expired.

One of which a part is still to come is backordered, until all is there and it is held, or it is released.

A reservation moves in parts: each line has open units (still promised), fulfilled ones and released ones. It stays
where it is while units are open, and is `fulfilled` when none is left and at least one was handed over.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.inventory.domain.channels import Pool
from services.inventory.domain.levels import Key

COMMANDS: Mapping[str, Sequence[str]] = {
    "confirm": ("held",),
    "release": ("backordered", "held", "confirmed"),
    "fulfil": ("confirmed",),
    "expire": ("held",),
}
"""Command → the states from which it is possible."""
DONE: Mapping[str, Sequence[str]] = {
    "confirm": ("confirmed",),
    "release": ("released",),
    "fulfil": ("fulfilled",),
    "expire": ("expired",),
}
"""Command → the states in which it has been done already: a repeat changes nothing."""


@dataclass(slots=True)
class Line:
    """Units promised from one place. quantity = open + fulfilled + released.

    Of the open ones, `told_short` are those whose order was told that no place has them, and has still to answer.
    `cap_id` is the cap of its channel that the open and the fulfilled units count against, where there is one.
    """

    sku: str
    location_id: str
    quantity: int
    open: int
    fulfilled: int
    told_short: int = 0
    cap_id: str | None = None

    @property
    def key(self) -> Key:
        return (self.location_id, self.sku)


@dataclass(frozen=True, slots=True)
class Move:
    """Units of one line that a command takes out of the promise."""

    line: Line
    quantity: int


def given_back(moves: Iterable[Move]) -> dict[Pool, int]:
    """What released units change in the promises that count against caps: less by so many."""
    changes: Counter[Pool] = Counter()
    for move in moves:
        if move.line.cap_id is not None:
            changes[move.line.cap_id, move.line.sku] -= move.quantity
    return changes


Wanted = Mapping[tuple[str, str | None], int]
"""Units by (sku, location or None for any)."""


def choose(lines: Sequence[Line], wanted: Wanted | None, *, at_most: bool = False) -> list[Move] | None:
    """Which open units to move: all, or the wanted ones. None if that is more than is open, unless `at_most`."""
    if wanted is None:
        return [Move(line, line.open) for line in lines if line.open]
    left = {line.key: line.open for line in lines}
    moves: list[Move] = []
    for (sku, location_id), quantity in wanted.items():
        missing = quantity
        for line in lines:
            if line.sku != sku or location_id not in (None, line.location_id):
                continue
            taken = min(missing, left[line.key])
            if taken:
                moves.append(Move(line, taken))
                left[line.key] -= taken
                missing -= taken
        if missing and not at_most:
            return None
    return moves


def state_after(state: str, lines: Sequence[Line], emptied: str) -> str:
    """The state once a command has moved units: `emptied` where nothing is open or handed over any more."""
    if any(line.open for line in lines):
        return state
    return "fulfilled" if any(line.fulfilled for line in lines) else emptied
