"""The level of one item at one place, and the rule of what may be promised of it."""

from dataclasses import dataclass
from datetime import datetime

Key = tuple[str, str]
"""(location_id, sku): the order in which rows are locked, everywhere."""


@dataclass(slots=True)
class Level:
    """Units of one item at one place. `on_hand` may be negative: facts are never refused.

    `awaited` are the units owed to backorders: promised from what is expected here, and not there yet.
    `announced_shortfall` is how much of the shortfall has been announced. `counted_at` is the instant of the latest
    count that is known: what happened after it is before no count.
    """

    on_hand: int = 0
    reserved: int = 0
    safety_stock: int = 0
    awaited: int = 0
    damaged: int = 0
    in_transit: int = 0
    announced_shortfall: int = 0
    counted_at: datetime | None = None

    def copy(self) -> "Level":
        return Level(
            self.on_hand,
            self.reserved,
            self.safety_stock,
            self.awaited,
            self.damaged,
            self.in_transit,
            self.announced_shortfall,
            self.counted_at,
        )

    @property
    def free(self) -> int:
        """What may still be promised; below 0 where more is promised, owed or kept back than is there."""
        return self.on_hand - self.reserved - self.safety_stock - self.awaited

    @property
    def available(self) -> int:
        """The same as it is shown: never below 0."""
        return max(0, self.free)

    @property
    def shortfall(self) -> int:
        """Promised units that are not there."""
        return max(0, self.reserved - max(0, self.on_hand))
