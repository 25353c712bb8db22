"""HTTP door: pickups, read."""

from typing import Annotated
from uuid import UUID

import segno
from fastapi import APIRouter, Query, Response

from services.pickup.api.answers import Pickup, shown
from services.pickup.api.cursors import instant_and_id
from services.pickup.api.doors import PickupDoors
from services.pickup.domain.states import OPEN, State
from services.pickup.store import pickups
from shared.contracts.values import LocationId, Name
from shared.errors import DomainError
from shared.http.auth import allow
from shared.http.paging import DEFAULT_LIMIT, Cursor, Limit, Page, page
from shared.http.problems import responses
from shared.principal import Principal

router = APIRouter(prefix="/v1/pickups", tags=["pickups"])

SVG = "image/svg+xml"
MODULE_PIXELS = 6
"""How wide one square of a QR code is where nobody scales it."""


@router.get(
    "",
    summary="The work list",
    description="Oldest due first; `open=true` is what is left to do. Store staff see their own location only; the code"
    " is shown as for one pickup.",
    response_model=Page[Pickup],
    responses=responses("unauthenticated", "forbidden", "invalid_request"),
)
async def list_(
    doors: PickupDoors,
    asked_by: Annotated[Principal, allow("operator", "storefront", "store-staff")],
    location_id: Annotated[LocationId | None, Query()] = None,
    state: Annotated[State | None, Query()] = None,
    open_: Annotated[bool, Query(alias="open", description="Only those that have not come to an end")] = False,
    order_id: Annotated[Name | None, Query()] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[Pickup]:
    if location_id is not None:
        asked_by.require_location(location_id)
    async with doors.database.reading() as connection:
        rows = await pickups.page(
            connection,
            location_id=location_id or asked_by.location_id,
            states=_states(state, open_),
            order_id=order_id,
            after=instant_and_id(cursor),
            limit=limit + 1,
        )
    found = [shown(row, asked_by.role) for row in rows]
    items, next_cursor = page(found, limit, lambda item: [item.due_at, item.pickup_id])
    return Page(items=items, next_cursor=next_cursor)


def _states(state: State | None, is_open: bool) -> frozenset[State] | None:
    """Those that are asked for; None is all of them."""
    asked = None if state is None else frozenset({state})
    return (asked or OPEN) & OPEN if is_open else asked


@router.get(
    "/{pickup_id}",
    summary="One pickup",
    description="Once it is ready, storefront and operator see its `code`; store staff never do.",
    response_model=Pickup,
    responses=responses("unauthenticated", "forbidden", "not_found", "invalid_request"),
)
async def get(
    pickup_id: UUID, doors: PickupDoors, asked_by: Annotated[Principal, allow("operator", "storefront", "store-staff")]
) -> Pickup:
    async with doors.database.reading() as connection:
        row = await pickups.get(connection, str(pickup_id))
    if row is None:
        raise DomainError("not_found", f"There is no pickup {pickup_id}.")
    asked_by.require_location(row.location_id)
    return shown(row, asked_by.role)


@router.get(
    "/{pickup_id}/code.svg",
    summary="The code as a picture",
    description="A QR code for the customer's phone: `PICKUP_ID/CODE`, so that one scan at the counter opens the bag"
    " and enters the code. There is none before the bag is ready: 404.",
    response_class=Response,
    responses={
        200: {
            "content": {SVG: {"schema": {"type": "string"}, "example": "<svg>…</svg>"}},
            "description": "The picture",
        },
        **responses("unauthenticated", "forbidden", "not_found", "invalid_request"),
    },
)
async def code_picture(
    pickup_id: UUID, doors: PickupDoors, asked_by: Annotated[Principal, allow("operator", "storefront")]
) -> Response:
    seen = await get(pickup_id, doors, asked_by)
    if seen.code is None:
        raise DomainError("not_found", f"Pickup {pickup_id} is {seen.state}: it has no code yet.")
    picture = segno.make_qr(f"{seen.pickup_id}/{seen.code}", error="m").svg_inline(scale=MODULE_PIXELS)
    # Whoever has the picture can take the bag: it stays in no cache.
    return Response(picture, media_type=SVG, headers={"Cache-Control": "no-store"})
