"""Units that come back, as an order tells of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Receipt:
    """A till's receipt for a return."""

    location_id: str
    till_id: str
    receipt_id: str


@dataclass(frozen=True, slots=True)
class ReturnedUnits:
    sku: str
    quantity: int
    condition: str


@dataclass(frozen=True, slots=True)
class Returned:
    """With a `receipt` a till took them back, and the stock has moved with it."""

    return_id: str
    location_id: str
    lines: Sequence[ReturnedUnits]
    reason: str | None
    receipt: Receipt | None = None


@dataclass(frozen=True, slots=True)
class ReturnExceeded:
    """Units by item that a till took back beyond what was handed over, or of an item that was not ordered."""

    receipt: Receipt
    lines: Mapping[str, int]
