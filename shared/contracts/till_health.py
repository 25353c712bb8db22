"""How the tills are (`zaiko.till-health`, key location_id): which fell silent, and which numbers never came."""

from typing import Annotated

from pydantic import Field

from shared.contracts.event import EventType
from shared.contracts.tills import TillId
from shared.contracts.values import Instant, LocationId, OpenWire

TOPIC = "zaiko.till-health"
RANGES_LIMIT = 100
"""So many missing ranges are named in one event; `missing_events` counts all."""

LastSequence = Annotated[
    int, Field(description="The highest number seen; 0 where the till numbers nothing", examples=[7])
]
LastSeenAt = Annotated[Instant, Field(description="When the till was last heard of")]


class SequenceRange(OpenWire):
    """Sequence numbers, both ends included."""

    first: int = Field(description="The lowest of them", examples=[4])
    last: int = Field(description="The highest of them", examples=[7])


class TillHealth(OpenWire):
    """Which till it is. Where a source does not name its till, `till_id` is absent."""

    location_id: LocationId
    till_id: TillId | None = None
    epoch: str | None = Field(None, description="Which of the tills that stood there in turn", examples=["2026-01-05"])
    source: str = Field(description="The source of the till's events", examples=["/locations/S367/tills/2"])


class TillSilent(TillHealth):
    """Nothing was heard of a till for longer than the limit."""

    last_seen_at: LastSeenAt
    last_sequence: LastSequence


class TillHeardAgain(TillHealth):
    """A till that was said to be silent speaks again, or the one that replaced it does."""

    silent_since: Instant = Field(description="The `last_seen_at` of the silence that is over")
    last_seen_at: LastSeenAt
    replaced_by: str | None = Field(
        None,
        description="The source that speaks instead, where the till was replaced",
        examples=["/locations/S367/tills/2/epochs/2026-01-05"],
    )


class TillGap(TillHealth):
    """Numbers of a source that were found missing together."""

    open_since: Instant = Field(description="When a higher number was first seen")
    missing_events: int = Field(description="How many numbers it is", examples=[4])
    missing_sequences: list[SequenceRange] = Field(description=f"In order, at most {RANGES_LIMIT} ranges")


SILENT = EventType(
    "zaiko.till.silent.v1",
    TOPIC,
    TillSilent,
    lambda data: data.location_id,
    "A till has not been heard of for longer than the limit.",
)
HEARD_AGAIN = EventType(
    "zaiko.till.heard_again.v1",
    TOPIC,
    TillHeardAgain,
    lambda data: data.location_id,
    "A till that was silent has been heard of again.",
)
GAP_OPEN = EventType(
    "zaiko.till.gap_open.v1",
    TOPIC,
    TillGap,
    lambda data: data.location_id,
    "Sequence numbers of a till have been missing for longer than the limit.",
)
GAP_CLOSED = EventType(
    "zaiko.till.gap_closed.v1",
    TOPIC,
    TillGap,
    lambda data: data.location_id,
    "All numbers of a gap that was reported have arrived.",
)
