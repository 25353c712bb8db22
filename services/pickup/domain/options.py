"""Where a basket could be collected."""

from collections.abc import Mapping
from dataclasses import dataclass
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


def option_lines(
    wanted: Mapping[str, int], location_id: str, available: Mapping[tuple[str, str], int]
) -> list[OptionLine]:
    """Each wanted item with the units that this location has of it, of `available` by (location_id, sku)."""
    return [OptionLine(sku, quantity, available.get((location_id, sku), 0)) for sku, quantity in wanted.items()]
