"""HTTP door: how the tills are."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from services.inventory.api.doors import Inventory
from services.inventory.domain.tills import identify
from services.inventory.store import tills
from shared.contracts.till_health import SequenceRange
from shared.contracts.tills import TillId
from shared.contracts.values import Instant, LocationId
from shared.http.auth import allow
from shared.http.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode, page
from shared.http.problems import responses
from shared.principal import Principal

router = APIRouter(prefix="/v1/tills", tags=["tills"])

RANGES_LIMIT = 1_000
"""So many missing ranges of one till are shown."""

State = Annotated[
    Literal["silent", "gap", "reused", "replaced", "healthy"],
    Field(
        description="`silent`: reported as not heard of for longer than the limit; `gap`: numbers reported as missing"
        " for longer than the limit; `reused`: see `reused_sequences`; `replaced`: another epoch of the till was heard"
        " of since; `healthy`: nothing of it. As of the last look, some seconds ago"
    ),
]


class Till(BaseModel):
    source: str = Field(examples=["/locations/S367/tills/2"])
    location_id: LocationId
    till_id: TillId | None = Field(description="As its source names it: `/locations/{location}/tills/{till}`")
    epoch: str | None = Field(
        description="Which of the tills that stood there in turn: of a source that ends on `/epochs/{epoch}`",
        examples=["2026-01-05"],
    )
    current: bool = Field(description="Whether no other epoch of the till was heard of since", examples=[True])
    states: list[State] = Field(examples=[["gap"]])
    last_sequence: int = Field(description="The highest number seen; 0 where the till numbers nothing", examples=[7])
    missing_events: int = Field(description="How many numbers were never seen")
    missing_sequences: list[SequenceRange] = Field(
        description=f"The numbers that were never seen, in order, at most {RANGES_LIMIT} ranges"
    )
    gap_open_since: Instant | None = Field(description="Since when the oldest of them is missed")
    reused_sequences: int = Field(
        description="New events that came with a number that had been used: the till was replaced, or lost its memory,"
        " and counts from 1 again. They all took effect, but what is missing can no longer be told from such numbers."
        " Give the till a new epoch: the source `/locations/{location}/tills/{till}/epochs/{epoch}`",
        examples=[0],
    )
    reused_at: Instant | None = Field(description="When that happened last")
    last_seen_at: Instant = Field(description="When the till was last heard of")
    last_event_at: Instant = Field(description="The `time` of its newest event")
    lag_seconds: float = Field(description="How old its newest event was when the till was last heard of")
    clock_skew_seconds: float | None = Field(
        description="How far the till's clock is ahead (behind: negative), less the quickest way of an event in the"
        " last 15 to 30 minutes. From the extension `sentat`, what the till's clock shows at sending; without it only"
        " events from the future tell, and this is a lower bound. Null where nothing tells",
        examples=[-0.08],
    )


@router.get(
    "",
    summary="Every till that was ever heard of",
    description="Its last sequence number, the numbers that are missing, when it was last heard of, its lag and its"
    " clock. A till that was replaced is told once for each of its epochs.",
    responses=responses("unauthenticated", "forbidden", "invalid_request"),
)
async def list_(
    doors: Inventory,
    principal: Annotated[Principal, allow("operator", "store-staff")],
    location_id: Annotated[LocationId | None, Query()] = None,
    state: Annotated[State | None, Query()] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[Till]:
    after = decode(cursor, 2)
    async with doors.database.reading() as connection:
        rows = await tills.page(connection, principal.location_id or location_id, state, after, limit + 1)
    shown, next_cursor = page(rows, limit, lambda row: [row.till, row.source])
    return Page(items=[_till(row) for row in shown], next_cursor=next_cursor)


def _till(row: Any) -> Till:
    identity = identify(row.source)
    missing = tills.missing_ranges(row.missing)
    return Till(
        source=row.source,
        location_id=row.location_id,
        till_id=identity.till_id,
        epoch=identity.epoch,
        current=row.is_current,
        states=row.states or ["healthy"],
        last_sequence=row.last_sequence,
        missing_events=row.missing_events,
        missing_sequences=[SequenceRange(first=first, last=last) for first, last in missing[:RANGES_LIMIT]],
        gap_open_since=row.open_since,
        reused_sequences=row.reused_sequences,
        reused_at=row.reused_at,
        last_seen_at=row.last_seen_at,
        last_event_at=row.last_event_at,
        lag_seconds=max(0.0, (row.last_seen_at - row.last_event_at).total_seconds()),
        clock_skew_seconds=row.clock_skew,
    )
