"""The life of a reservation: held → confirmed → fulfilled; held or confirmed → released; held → expired.

One of which a part is still to come is backordered, until all is there and it is held, or it is released.

A reservation moves in parts: each line has open units (still promised), fulfilled ones and released ones, and some that
travel to its place. It stays where it is while units are open or travel, and is `fulfilled` when none is left and at
least one was handed over.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.inventory.domain.channels import Pool
from services.inventory.domain.levels import Key

COMMANDS: Mapping[str, Sequence[str]] = {
    "serve": ("backordered",),
    "confirm": ("held",),
    "release": ("backordered", "held", "confirmed"),
    "fulfil": ("confirmed",),
    "expire": ("held",),
}
"""Command → the states from which it is possible."""
DONE: Mapping[str, Sequence[str]] = {
    "serve": ("held",),
    "confirm": ("confirmed",),
    "release": ("released",),
    "fulfil": ("fulfilled",),
    "expire": ("expired",),
}
"""Command → the states in which it has been done already: a repeat changes nothing."""


@dataclass(slots=True)
class Line:
    """Units promised from one place. quantity = open + in_transit + fulfilled + released.

    Of the open ones, `told_short` are those whose order was told that no place has them, and has still to answer.
    `cap_id` is the cap of its channel that all but the released units count against, where there is one.
    `in_transit` are units that still travel to the place; once they have arrived they are open.
    """

    sku: str
    location_id: str
    quantity: int
    open: int
    fulfilled: int
    told_short: int = 0
    cap_id: str | None = None
    in_transit: int = 0

    @property
    def promised(self) -> int:
        """Units that are still to be handed over from here."""
        return self.open + self.in_transit

    @property
    def key(self) -> Key:
        return (self.location_id, self.sku)


@dataclass(frozen=True, slots=True)
class Move:
    """Units of one line that a command takes out of the promise; `travelling` of them are not at its place yet."""

    line: Line
    quantity: int
    travelling: int = 0


def given_back(moves: Iterable[Move]) -> dict[Pool, int]:
    """What released units change in the promises that count against caps: less by so many."""
    changes: Counter[Pool] = Counter()
    for move in moves:
        if move.line.cap_id is not None:
            changes[move.line.cap_id, move.line.sku] -= move.quantity
    return changes


Wanted = Mapping[tuple[str, str | None], int]
"""Units by (sku, location or None for any)."""


def choose(
    lines: Sequence[Line],
    wanted: Wanted | None,
    *,
    at_most: bool = False,
    travelling: bool = False,
    anywhere: bool = False,
) -> list[Move] | None:
    """Which open units to move: all, or the wanted ones. None if that is more than is open, unless `at_most`.

    With `travelling` those that are not at their place yet as well, and these first. With `anywhere` what is not
    promised at its place any more is taken from the item's other lines.
    """
    there = {line.key: line.open for line in lines}
    left = {line.key: line.promised if travelling else line.open for line in lines}
    if wanted is None:
        return [Move(line, left[line.key], left[line.key] - line.open) for line in lines if left[line.key]]
    moves: list[Move] = []
    missing: Counter[str] = Counter()
    for (sku, location_id), quantity in wanted.items():
        missing[sku] += quantity - _take(lines, (sku, location_id), quantity, left, there, moves)
    for sku in missing if anywhere else ():
        missing[sku] -= _take(lines, (sku, None), missing[sku], left, there, moves)
    return None if any(missing.values()) and not at_most else moves


def _take(
    lines: Sequence[Line],
    wanted: tuple[str, str | None],
    quantity: int,
    left: dict[Key, int],
    there: dict[Key, int],
    moves: list[Move],
) -> int:
    """Move up to so many units; how many it were. `left` of each line may be moved, of which `there` are at the place.

    What travels goes first: it is all that is beyond those that are there.
    """
    sku, location_id = wanted
    missing = quantity
    for line in lines:
        if line.sku != sku or location_id not in (None, line.location_id):
            continue
        taken = min(missing, left[line.key])
        if taken:
            left[line.key] -= taken
            rest_there = min(there[line.key], left[line.key])
            moves.append(Move(line, taken, taken - (there[line.key] - rest_there)))
            there[line.key] = rest_there
            missing -= taken
    return quantity - missing


def state_after(state: str, lines: Sequence[Line], emptied: str) -> str:
    """The state once a command has moved units: `emptied` where nothing is open or handed over any more."""
    if any(line.promised for line in lines):
        return state
    return "fulfilled" if any(line.fulfilled for line in lines) else emptied
