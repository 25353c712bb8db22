"""What an order still waits for, and what the rest of the house is told of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Awaited:
    """Units of one item that are still to come to a place. Without `promised_by` nobody can say by when."""

    sku: str
    location_id: str
    quantity: int
    promised_by: datetime | None = None


@dataclass(frozen=True, slots=True)
class Backordered:
    """A part of the order is still to come; the units and dates as they are now."""

    awaited: Sequence[Awaited]


class Dated(Protocol):
    @property
    def promised_by(self) -> datetime | None: ...


def all_promised_by(awaited: Sequence[Dated]) -> datetime | None:
    """When all of it will be there; None where that cannot be said."""
    dates = [units.promised_by for units in awaited if units.promised_by is not None]
    return max(dates) if dates and len(dates) == len(awaited) else None
