"""HTTP door: how the tills are."""

import re
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from services.inventory.api.doors import Inventory
from services.inventory.store import tills
from shared.contracts.values import Instant, LocationId
from shared.http.auth import allow
from shared.http.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode, page
from shared.http.problems import responses
from shared.principal import Principal

router = APIRouter(prefix="/v1/tills", tags=["tills"])

_RANGE = re.compile(r"\[(\d+),(\d+)\)")


class MissingRange(BaseModel):
    """Sequence numbers that were never seen, both ends included."""

    first: int
    last: int


class Till(BaseModel):
    source: str = Field(examples=["/locations/S367/tills/2"])
    location_id: LocationId
    last_sequence: int = Field(description="The highest number seen; 0 where the till numbers nothing")
    missing_sequences: list[MissingRange]
    last_seen_at: Instant
    last_event_at: Instant
    lag_seconds: float = Field(description="How old its newest event was when the till was last heard of")


@router.get(
    "",
    summary="Every till that was ever heard of",
    description="Its last sequence number, the numbers that are missing, when it was last heard of, and its lag.",
    responses=responses("unauthenticated", "forbidden", "invalid_request"),
)
async def list_(
    doors: Inventory,
    principal: Annotated[Principal, allow("operator", "store-staff")],
    location_id: Annotated[LocationId | None, Query()] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[Till]:
    after = decode(cursor, 1)
    async with doors.database.reading() as connection:
        rows = await tills.page(
            connection, principal.location_id or location_id, after[0] if after else None, limit + 1
        )
    found, next_cursor = page([_till(row) for row in rows], limit, lambda till: [till.source])
    return Page(items=found, next_cursor=next_cursor)


def _till(row: Any) -> Till:
    return Till(
        source=row.source,
        location_id=row.location_id,
        last_sequence=row.last_sequence,
        missing_sequences=[
            MissingRange(first=int(first), last=int(above) - 1) for first, above in _RANGE.findall(row.missing)
        ],
        last_seen_at=row.last_seen_at,
        last_event_at=row.last_event_at,
        lag_seconds=max(0.0, (row.last_seen_at - row.last_event_at).total_seconds()),
    )
