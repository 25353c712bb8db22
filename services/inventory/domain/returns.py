"""What may come back: no more than was sold. A receipt is held against its own sale, the rest against all sales.

A return without a till is a request, and is refused where it is too much. A till's return is a fact: it counts, and
where it is more than its receipt sold, that is said, once for every unit.
"""

from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Receipt(NamedTuple):
    """Which receipt of a sale: its number is unique at its till."""

    location_id: str
    till_id: str
    receipt_id: str

    @property
    def till(self) -> str:
        """The source of the till's events, without its epoch."""
        return f"/locations/{self.location_id}/tills/{self.till_id}"


Claim = tuple[Receipt | None, str]
"""What a returned unit is held against: the sku on this receipt, or, without one, the sku as it was sold anywhere."""


class Units(NamedTuple):
    """Units of one item that a customer brings; `condition` is sellable or damaged."""

    sku: str
    quantity: int
    condition: str


@dataclass(frozen=True, slots=True)
class Shortage:
    """More than may come back."""

    sku: str
    requested: int
    returnable: int


@dataclass(frozen=True, slots=True)
class Granted:
    """For each line what could come back right before it."""

    returnable: Sequence[int]


@dataclass(frozen=True, slots=True)
class TooMuch:
    shortages: Sequence[Shortage]


def claim(receipt: Receipt | None, lines: Sequence[Units], returnable: MutableMapping[Claim, int]) -> Granted | TooMuch:
    """Take all lines back, or none. `returnable` holds every claim of the batch, and is brought up to date.

    What comes back on a receipt is also no longer there to come back without one.
    """
    wanted: dict[str, int] = {}
    for line in lines:
        wanted[line.sku] = wanted.get(line.sku, 0) + line.quantity
    shortages = [
        Shortage(sku, quantity, max(0, returnable[receipt, sku]))
        for sku, quantity in wanted.items()
        if quantity > returnable[receipt, sku]
    ]
    if shortages:
        return TooMuch(shortages)
    before = []
    for line in lines:
        before.append(returnable[receipt, line.sku])
        for held_against in {(receipt, line.sku), (None, line.sku)} & returnable.keys():
            returnable[held_against] -= line.quantity
    return Granted(before)


@dataclass(frozen=True, slots=True)
class Standing:
    """How an item of a receipt stands: units sold, units that came back, and of those the ones said to be too many."""

    sold: int = 0
    came_back: int = 0
    excess: int = 0

    @property
    def returnable(self) -> int:
        return max(0, self.sold - self.came_back)


def excess(standing: Standing, *, names_sale: bool, sale_may_come: bool) -> int | None:
    """How many units are to be said to be more than was sold; None while the sale is still waited for.

    A till may number its returns by themselves: where no sale has the number, and none was named, there is nothing
    to hold the return against.
    """
    if not standing.sold:
        if sale_may_come:
            return None
        if not names_sale:
            return 0
    return max(0, standing.came_back - standing.sold - standing.excess)


def by_claim(standings: Mapping[tuple[Receipt, str], Standing], held: Mapping[str, int]) -> dict[Claim, int]:
    """What may come back under every claim: of the receipts' items, and of what customers have in all."""
    return {
        **{(receipt, sku): standing.returnable for (receipt, sku), standing in standings.items()},
        **{(None, sku): max(0, units) for sku, units in held.items()},
    }
