"""What a till's events tell of the till itself: which one it is, what it has numbered, how its clock goes."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

SKEW_WINDOW = timedelta(minutes=15)
"""The skew of a till's clock is its greatest sample in this window and in the one before.

While a backlog is read every event is late: only when that takes longer than a whole window does a clock look slow.
"""

_SOURCE = re.compile(
    r"(?P<till>/locations/[^/]+/tills/(?P<till_id>[^/]{1,64}))(?:/epochs/(?P<epoch>[A-Za-z0-9._-]{1,64}))?"
)


class Identity(NamedTuple):
    """`till` is what all epochs of a till have in common: its source without the epoch.

    A till that is replaced begins an epoch, and numbers its events from 1 again under a source of its own. Whatever is
    not named `/locations/{location}/tills/{till}[/epochs/{epoch}]` has no `till_id`, and its source stands for itself.
    """

    till: str
    till_id: str | None = None
    epoch: str | None = None


@lru_cache(4096)
def identify(source: str) -> Identity:
    """The till that a source names."""
    found = _SOURCE.fullmatch(source)
    return Identity(*found.group("till", "till_id", "epoch")) if found else Identity(source)


class Range(NamedTuple):
    """Sequence numbers from `first` to `last`, both included."""

    first: int
    last: int


def ranges(numbers: Iterable[int]) -> list[Range]:
    """The numbers as the fewest ranges, in order: {1, 2, 3, 7} is 1 to 3 and 7 to 7."""
    ordered = sorted(set(numbers))
    if not ordered:
        return []
    starts = [place for place, (one, after) in enumerate(pairwise(ordered), 1) if after != one + 1]
    return [Range(ordered[start], ordered[end - 1]) for start, end in pairwise([0, *starts, len(ordered)])]


def clock_sample(happened_at: datetime, sent_at: datetime | None, now: datetime) -> float | None:
    """By how many seconds a till's clock is ahead of ours (behind: negative), as its newest event tells on arrival.

    `sent_at` is what the till's clock showed when it sent the event; the sample is the skew less the way of the event,
    which is never negative. So of several samples the greatest is nearest to the truth, and none is above it. Where a
    till does not say when it sent, an event from the future still tells that its clock is ahead, by that much at the
    least; one from the past tells nothing, because it may just be late.
    """
    if sent_at is not None:
        return (sent_at - now).total_seconds()
    return ahead if (ahead := (happened_at - now).total_seconds()) > 0 else None
