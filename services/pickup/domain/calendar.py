"""When a store is open: its week, the days that differ, and the time that passes while people work there.

Opening hours are local times of the store's own time zone, so a day on which the clock is changed is an hour shorter or
longer, as it is for the people there. A span that does not end after its start ends on the next day: 22:00 to 02:00 is
a night, 00:00 to 00:00 a whole day.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

Hours = Sequence[tuple[time, time]]
"""Opening and closing of one day."""
Span = tuple[datetime, datetime]
"""From, inclusive, and until, exclusive, in UTC."""

WEEKDAYS = range(7)
"""Monday is 0."""
WHOLE_DAY: Hours = ((time(0), time(0)),)
NEVER_CLOSES = timedelta(days=7)
"""A store that is open for longer at a stretch has no closing time to speak of."""
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Calendar:
    """The opening hours of one store, by weekday and by date; a date in `exceptions` has its own hours alone.

    Raises ValueError for a week in which it never opens: nobody could say when something is ready there.
    """

    time_zone: ZoneInfo
    weekly: Mapping[int, Hours]
    exceptions: Mapping[date, Hours] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not any(self.weekly.values()):
            raise ValueError("a store opens at least once in a week")

    def spans(self, day: date) -> list[Span]:
        """When it is open on this day of its own; a span of a night ends on the next day."""
        hours = self.exceptions.get(day, self.weekly.get(day.weekday(), ()))
        opened = [self._span(day, opens, closes) for opens, closes in sorted(hours)]
        # What lies within the hour that a change of the clock skips does not happen.
        return [(start, end) for start, end in opened if start < end]

    def is_open(self, at: datetime) -> bool:
        opens, _ = next(self._from(at))
        return opens <= at

    def next_opening(self, at: datetime) -> datetime:
        """The first instant from `at` on at which it is open: `at` itself where it is open then."""
        opens, _ = next(self._from(at))
        return max(opens, at)

    def after_open_time(self, start: datetime, duration: timedelta) -> datetime:
        """The instant at which it has been open for so long since `start`; without a duration, the next opening."""
        spans = self._from(start)
        counted_to, left = start, duration
        while True:
            opens, closes = next(spans)
            begins = max(opens, counted_to)
            if closes - begins >= left:
                return begins + left
            left -= max(closes - begins, timedelta())
            counted_to = max(closes, counted_to)

    def open_time(self, start: datetime, end: datetime) -> timedelta:
        """For how long it is open from `start` to `end`; nothing where that lies before."""
        counted, counted_to = timedelta(), start
        for opens, closes in takewhile(lambda span: span[0] < end, self._from(start)):
            counted += max(min(closes, end) - max(opens, counted_to), timedelta())
            counted_to = max(closes, counted_to)
        return counted

    def closing_after(self, at: datetime) -> datetime:
        """The end of the opening that holds `at`, or of the next one; its beginning where the store never closes."""
        spans = self._from(at)
        opens, closing = next(spans)
        begins = max(opens, at)
        while closing - begins < NEVER_CLOSES:
            opens, closes = next(spans)
            if opens > closing:
                return closing
            closing = max(closing, closes)
        return begins

    def _span(self, day: date, opens: time, closes: time) -> Span:
        return self._instant(day, opens), self._instant(day if opens < closes else day + _DAY, closes)

    def _instant(self, day: date, at: time) -> datetime:
        """A local time in UTC: the first of two where the clock goes back; what it skips counts as before."""
        return datetime.combine(day, at, self.time_zone).astimezone(UTC)

    def _from(self, at: datetime) -> Iterator[Span]:
        """The spans that end after `at`, in their order, without end."""
        day = at.astimezone(self.time_zone).date() - _DAY
        while True:
            yield from (span for span in self.spans(day) if span[1] > at)
            day += _DAY


def always_open(time_zone: ZoneInfo) -> Calendar:
    """What is taken for a store of which no hours are known."""
    return Calendar(time_zone, dict.fromkeys(WEEKDAYS, WHOLE_DAY))
