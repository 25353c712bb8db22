"""HTTP door: live stock as server-sent events."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Query
from sse_starlette import EventSourceResponse, ServerSentEvent

from services.inventory.api.doors import Inventory
from services.inventory.api.stock_feed import Filter, decode
from shared.contracts.values import LocationId, Sku
from shared.http.auth import allow
from shared.http.problems import responses
from shared.principal import Principal

router = APIRouter(prefix="/v1/stream", tags=["stock"])

EVENT = "stock.level_changed"
PING_S = 15

_EXAMPLE = (
    "id: 12.0.7.0.0.3.0.1\nevent: stock.level_changed\n"
    'data: {"sku":"995242","location_id":"S367","on_hand":11,"reserved":2,"available":9,"as_of":"2017-11-20T09:00:00Z"}'
    "\n\n"
)


@router.get(
    "",
    summary="Levels as they change",
    description="Server-Sent Events, of one location or one item if named. `id` is a position: sent back as"
    " `Last-Event-ID` the stream goes on from there, with nothing left out and nothing twice.",
    response_class=EventSourceResponse,
    responses={
        200: {"content": {"text/event-stream": {"example": _EXAMPLE}}},
        **responses("unauthenticated", "forbidden", "invalid_request", "overloaded"),
    },
)
async def stream(
    doors: Inventory,
    principal: Annotated[Principal, allow("operator", "storefront", "store-staff", "till")],
    location_id: Annotated[LocationId | None, Query()] = None,
    sku: Annotated[Sku | None, Query()] = None,
    last_event_id: Annotated[str | None, Header()] = None,
) -> EventSourceResponse:
    if principal.location_id is not None:
        location_id = location_id or principal.location_id
        principal.require_location(location_id)
    if last_event_id:
        decode(last_event_id)
    levels = doors.feed.follow(Filter(location_id, sku), last_event_id)

    async def events() -> AsyncIterator[ServerSentEvent]:
        async for position, level in levels:
            yield ServerSentEvent(level.model_dump_json(), event=EVENT, id=position)

    return EventSourceResponse(events(), ping=PING_S)
