"""HTTP door: pickups, read."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import TypeAdapter, ValidationError

from services.pickup.api.answers import Pickup, shown
from services.pickup.api.doors import PickupDoors
from services.pickup.domain.states import State
from services.pickup.store import pickups
from shared.contracts.values import Instant, LocationId, Name
from shared.errors import DomainError, InvalidRequest
from shared.http.auth import allow
from shared.http.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode, page
from shared.http.problems import responses
from shared.principal import Principal

router = APIRouter(prefix="/v1/pickups", tags=["pickups"])

_PLACE: TypeAdapter[tuple[datetime, UUID]] = TypeAdapter(tuple[Instant, UUID])


@router.get(
    "",
    summary="The work list",
    description="Oldest due first. Store staff see their own location only; the code is shown as for one pickup.",
    response_model=Page[Pickup],
    responses=responses("unauthenticated", "forbidden", "invalid_request"),
)
async def list_(
    doors: PickupDoors,
    asked_by: Annotated[Principal, allow("operator", "storefront", "store-staff")],
    location_id: Annotated[LocationId | None, Query()] = None,
    state: Annotated[State | None, Query()] = None,
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
            state=state,
            order_id=order_id,
            after=_after(cursor),
            limit=limit + 1,
        )
    found = [shown(row, asked_by.role) for row in rows]
    items, next_cursor = page(found, limit, lambda item: [item.due_at, item.pickup_id])
    return Page(items=items, next_cursor=next_cursor)


def _after(cursor: str | None) -> tuple[datetime, str] | None:
    """The (due_at, pickup_id) after which the page begins. Raises `invalid_request`."""
    key = decode(cursor, 2)
    if key is None:
        return None
    try:
        due_at, pickup_id = _PLACE.validate_python(key)
    except ValidationError as error:
        raise InvalidRequest("/query/cursor", "not a cursor of this list") from error
    return due_at, str(pickup_id)


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
