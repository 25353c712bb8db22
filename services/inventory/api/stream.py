"""HTTP door: live stock as server-sent events, and the snapshot to begin with."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel, Field
from pydantic_core import to_json
from sse_starlette import EventSourceResponse, ServerSentEvent

from services.inventory.api.doors import Inventory
from services.inventory.api.positions import START, Position, decode, encode
from services.inventory.api.stock_feed import Filter
from services.inventory.domain.levels import Level
from services.inventory.domain.snapshots import Snapshot
from services.inventory.store import levels, locations
from shared.contracts.stock import LevelChanged
from shared.contracts.values import Instant, LocationId, Sku, rfc3339
from shared.errors import DomainError, InvalidRequest
from shared.http.auth import allow
from shared.http.problems import responses
from shared.principal import Principal
from shared.statements import chunks

router = APIRouter(prefix="/v1/stream", tags=["stock"])

EVENT = "stock.level_changed"
PING_S = 15
SNAPSHOT_LIMIT = 100_000
"""Levels in one snapshot, about 15 MB of JSON."""
_PIECE = 1_000
"""So many levels are made JSON in one go, then others have their turn."""

Watcher = Annotated[Principal, allow("operator", "storefront", "store-staff", "till")]
OfLocation = Annotated[LocationId | None, Query()]
OfSku = Annotated[Sku | None, Query()]

_EXAMPLE = (
    "id: 12.0.7.0.0.3.0.1\nevent: stock.level_changed\n"
    'data: {"sku":"995242","location_id":"S367","on_hand":11,"reserved":2,"available":9,"as_of":"2017-11-20T09:00:00Z"}'
    "\n\n"
)


class StockSnapshot(BaseModel):
    """All levels of a place or an item at one moment, and the position from which the stream goes on."""

    as_of: Instant
    position: str = Field(
        description="Send it as `Last-Event-ID` to `/v1/stream`", examples=["12.0.7.0.0.3.0.1@812:815:813"]
    )
    items: list[LevelChanged] = Field(description="By location, then sku")


@router.get(
    "",
    summary="Levels as they change",
    description="Server-Sent Events, of one location or one item if named. `id` is a position: sent back as"
    " `Last-Event-ID` the stream goes on from there, with nothing left out and nothing twice. A screen that comes back"
    " after longer begins with `/v1/stream/snapshot`.",
    response_class=EventSourceResponse,
    responses={
        200: {"content": {"text/event-stream": {"example": _EXAMPLE}}},
        **responses("unauthenticated", "forbidden", "invalid_request", "overloaded", "unavailable"),
    },
)
async def stream(
    doors: Inventory,
    principal: Watcher,
    location_id: OfLocation = None,
    sku: OfSku = None,
    last_event_id: Annotated[str | None, Header()] = None,
) -> EventSourceResponse:
    wanted = Filter(_place(principal, location_id), sku)
    resume = decode(last_event_id) if last_event_id else None
    await doors.feed.admit(resume or START)
    changes = doors.feed.follow(wanted, resume)

    async def events() -> AsyncIterator[bytes]:
        async for told in changes:
            yield b"".join(ServerSentEvent(level, event=EVENT, id=position).encode() for position, level in told)

    return EventSourceResponse(events(), ping=PING_S)


@router.get(
    "/snapshot",
    summary="All levels of a store, to stream on from",
    description="Every level of one location, of one item, or of both, at one moment. The stream from its `position`"
    " tells every change that the snapshot does not hold, and none that it does.",
    response_model=StockSnapshot,
    responses=responses("unauthenticated", "forbidden", "not_found", "invalid_request", "unavailable"),
)
async def snapshot(doors: Inventory, principal: Watcher, location_id: OfLocation = None, sku: OfSku = None) -> Response:
    place = _place(principal, location_id)
    if place is None and sku is None:
        raise InvalidRequest("/query/location_id", "name a location_id or a sku: the whole chain is in no one snapshot")
    async with doors.feed.snapshots:
        as_of = doors.clock()
        # The log's end first: what is not in the snapshot is then behind that end, or comes later.
        offsets = await doors.feed.end()
        async with doors.database.reading() as connection:
            seen, rows = await levels.snapshot(connection, place, sku, SNAPSHOT_LIMIT + 1)
            if not rows and place is not None and await locations.get(connection, place) is None:
                raise DomainError("not_found", f"There is no location {place}.")
        if len(rows) > SNAPSHOT_LIMIT:
            raise InvalidRequest("/query/sku", f"there are more than {SNAPSHOT_LIMIT:,} levels; name a sku as well")
        body = await _body(as_of, encode(Position(offsets, Snapshot.parse(seen))), rows)
    return Response(body, media_type="application/json")


def _place(principal: Principal, location_id: str | None) -> str | None:
    """The location asked for; a token that is bound to one asks for that. Raises `forbidden`."""
    if location_id is not None:
        principal.require_location(location_id)
    return location_id or principal.location_id


async def _body(as_of: datetime, position: str, rows: Sequence[Any]) -> bytes:
    """A `StockSnapshot` as JSON."""
    pieces = []
    for piece in chunks(rows, _PIECE):
        pieces.append(to_json([_members(row) for row in piece])[1:-1])
        await asyncio.sleep(0)
    head = to_json({"as_of": rfc3339(as_of), "position": position})
    return b'%b,"items":[%b]}' % (head[:-1], b",".join(pieces))


def _members(row: Sequence[Any]) -> dict[str, Any]:
    # By name it would take twice as long.
    _, location_id, sku, on_hand, reserved, safety_stock, awaited, updated_at = row
    return {
        "sku": sku,
        "location_id": location_id,
        "on_hand": on_hand,
        "reserved": reserved,
        "available": Level(on_hand, reserved, safety_stock, awaited).available,
        "as_of": updated_at,
    }
