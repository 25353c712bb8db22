"""What became of every line and every order: counted as it happens, told at the end."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from services.replay.week import Basket

Outcome = Literal["sold", "ordered", "named"]


class Named(NamedTuple):
    """A line that had no effect, and why."""

    basket_id: str
    sku: str
    reason: str


class Lateness(NamedTuple):
    """A bag was ready so many seconds later than the customer was told (below 0: earlier); its picking took so many."""

    seconds: float
    picking_seconds: float

    @property
    def is_kept(self) -> bool:
        """Whether the two agree within the picking time."""
        return abs(self.seconds) <= self.picking_seconds


@dataclass
class Tally:
    """`lines` count by outcome, and `named` are those without effect; `receipts`, `orders`, `pickups` by their fate."""

    lines_read: int = 0
    lines: Counter[Outcome] = field(default_factory=Counter)
    named: list[Named] = field(default_factory=list)
    receipts: Counter[str] = field(default_factory=Counter)
    orders: Counter[str] = field(default_factory=Counter)
    pickups: Counter[str] = field(default_factory=Counter)
    lateness: list[Lateness] = field(default_factory=list)
    parcels: int = 0
    opening_lines: int = 0
    opening_known: int = 0
    seconds: float = 0.0

    @property
    def accounted(self) -> int:
        return self.lines.total()

    @property
    def is_complete(self) -> bool:
        return self.accounted == self.lines_read

    @property
    def reasons(self) -> Counter[str]:
        return Counter(named.reason for named in self.named)

    @property
    def kept_share(self) -> float | None:
        """Of the bags with a time that was told, those that were ready then; None where there are none."""
        kept = [late.is_kept for late in self.lateness]
        return sum(kept) / len(kept) if kept else None

    def read(self, basket: Basket) -> None:
        """A receipt was read; what moves nothing is named at once."""
        self.lines_read += basket.lines_read
        self._name(basket.basket_id, basket.zero_quantity, "zero_quantity")

    def sold(self, basket: Basket) -> None:
        self.lines["sold"] += len(basket.lines)

    def refused(self, basket: Basket, reason: str) -> None:
        """No line of this receipt had an effect."""
        self._name(basket.basket_id, (line.sku for line in basket.lines), reason)

    def ordered(self, basket: Basket, method: str, state: str) -> None:
        """An order was decided: every line of it was confirmed, or is named."""
        self.orders[f"{method} {state}"] += 1
        if state == "rejected":
            self.refused(basket, "order_rejected")
        else:
            self.lines["ordered"] += len(basket.lines)

    def _name(self, basket_id: str, skus: Iterator[str] | tuple[str, ...], reason: str) -> None:
        named = [Named(basket_id, sku, reason) for sku in skus]
        self.named += named
        self.lines["named"] += len(named)
