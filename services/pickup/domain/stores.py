"""What is known of a store: its hours, and how fast bags are made there."""

from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from services.pickup.domain.calendar import Calendar, always_open


@dataclass(frozen=True)
class Store:
    """`per_order` and `per_line` are one picker's time; without a number of `pickers` nothing waits for a free one.

    `slot_capacity` is how many bags may be collected in one slot; None where the store offers none.
    """

    calendar: Calendar
    per_order: timedelta
    per_line: timedelta = timedelta()
    pickers: int | None = None
    slot_capacity: int | None = None

    def picking_time(self, lines: int) -> timedelta:
        """How long one picker needs for a bag of so many lines."""
        return self.per_order + lines * self.per_line


def without_profile(time_zone: ZoneInfo, preparation: timedelta) -> Store:
    """A store that nobody has described: always open, and every bag takes the same time."""
    return Store(always_open(time_zone), preparation)
