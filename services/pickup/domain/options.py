"""Where a basket could be collected."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

Coverage = Literal["all", "some", "none"]


@dataclass(frozen=True, slots=True)
class OptionLine:
    sku: str
    quantity: int
    available: int


def coverage(lines: list[OptionLine]) -> Coverage:
    """Whether every unit is there, some are, or none."""
    if all(line.available >= line.quantity for line in lines):
        return "all"
    return "some" if any(line.available for line in lines) else "none"


@dataclass(frozen=True, slots=True)
class ArrivingLine:
    """One item with the units that would be sent to a store because it has too few."""

    sku: str
    quantity: int
    arriving: int


def arriving_lines(
    lines: Iterable[OptionLine],
    location_id: str,
    senders: Collection[str],
    available: Mapping[tuple[str, str], int],
) -> list[ArrivingLine]:
    """For each line of a store what the places that send could add, of `available` by (location_id, sku)."""
    return [
        ArrivingLine(
            line.sku,
            line.quantity,
            min(
                max(0, line.quantity - line.available),
                sum(available.get((place, line.sku), 0) for place in senders if place != location_id),
            ),
        )
        for line in lines
    ]


def with_arrivals(lines: Iterable[OptionLine], arriving: Iterable[ArrivingLine]) -> list[OptionLine]:
    """The lines as they would be once that has arrived."""
    return [replace(line, available=line.available + more.arriving) for line, more in zip(lines, arriving, strict=True)]


def option_lines(
    wanted: Mapping[str, int], location_id: str, available: Mapping[tuple[str, str], int]
) -> list[OptionLine]:
    """Each wanted item with the units that this location has of it, of `available` by (location_id, sku)."""
    return [OptionLine(sku, quantity, available.get((location_id, sku), 0)) for sku, quantity in wanted.items()]
