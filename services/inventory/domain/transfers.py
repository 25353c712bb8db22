"""What becomes of a promise when its units travel to the store where they are collected.

Units leave the line of the place that sends them for the line of the store, where they are `in_transit`; there they are
open once they have arrived. What travels and is not promised any more arrives as free stock.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.inventory.domain.levels import Key
from services.inventory.domain.reservations import Line


@dataclass(frozen=True, slots=True)
class Departed:
    """Promised units that have left one line for another."""

    out_of: Line
    into: Line
    quantity: int


def line_at(lines: list[Line], key: Key) -> Line:
    """The line of this place and item; a new one of no units where there was none."""
    location_id, sku = key
    line = next((line for line in lines if line.key == key), None)
    if line is None:
        line = Line(sku, location_id, 0, 0, 0)
        lines.append(line)
    return line


def depart(lines: list[Line], from_location_id: str, to_location_id: str, sent: Mapping[str, int]) -> list[Departed]:
    """Take sent units by item out of the promises of their place; they are promised at the other one.

    They go on counting against the cap that they were promised under, or the one of the units that are there already.
    """
    departed: list[Departed] = []
    for sku, quantity in sent.items():
        out_of = next((line for line in lines if line.key == (from_location_id, sku)), None)
        units = min(quantity, out_of.open) if out_of is not None else 0
        if out_of is None or not units:
            continue
        into = line_at(lines, (to_location_id, sku))
        if not into.quantity:
            into.cap_id = out_of.cap_id
        out_of.quantity -= units
        out_of.open -= units
        out_of.told_short = min(out_of.told_short, out_of.open)
        into.quantity += units
        into.in_transit += units
        departed.append(Departed(out_of, into, units))
    return departed


def arrive(lines: Sequence[Line], location_id: str, received: Mapping[str, int]) -> dict[Key, int]:
    """Units by line that are open at the store from now on: of the received ones those that are still promised."""
    arrived: dict[Key, int] = {}
    for line in lines:
        units = min(received.get(line.sku, 0), line.in_transit) if line.location_id == location_id else 0
        if units:
            line.in_transit -= units
            line.open += units
            arrived[line.key] = units
    return arrived
