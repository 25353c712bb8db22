"""HTTP door: what may be promised now. Always read from the levels themselves, never from a copy."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from services.inventory.api.doors import Doors, Inventory
from services.inventory.domain.levels import Level
from services.inventory.store import levels
from shared.contracts.values import Channel, Instant, LocationId, Sku, Wire
from shared.http.auth import allow
from shared.http.problems import responses

router = APIRouter(prefix="/v1/availability", tags=["availability"])

QUERY_LIMIT = 200
BODY_LIMIT = 1_000

Status = Literal["InStock", "LimitedAvailability", "OutOfStock"]
"""schema.org ItemAvailability."""


class AvailableAt(BaseModel):
    location_id: LocationId
    available: int


class ItemAvailability(BaseModel):
    sku: Sku
    available: int = Field(description="Over the locations shown")
    status: Status
    locations: list[AvailableAt]


class Availability(BaseModel):
    as_of: Instant
    items: list[ItemAvailability]


class AvailabilityQuery(Wire):
    skus: Annotated[list[Sku], Field(min_length=1, max_length=BODY_LIMIT, examples=[["995242", "1029743"]])]
    location_ids: Annotated[list[LocationId], Field(max_length=500)] | None = None
    channel: Channel | None = None


@router.get(
    "",
    summary="Availability of items",
    description="Units that may be promised now, in all and by location. An item that nobody has is `OutOfStock`.",
    responses=responses("unauthenticated", "invalid_request"),
    dependencies=[allow("operator", "storefront", "store-staff", "till")],
)
async def get(
    doors: Inventory,
    sku: Annotated[list[Sku], Query(min_length=1, max_length=QUERY_LIMIT, description="Up to 200 items")],
    location_id: Annotated[list[LocationId] | None, Query(description="Only these places")] = None,
    channel: Annotated[Channel | None, Query(description="The channel that asks")] = None,
) -> Availability:
    return await _availability(doors, sku, location_id)


@router.post(
    "/query",
    summary="Availability of many items",
    description="The same for up to 1,000 items.",
    responses=responses("unauthenticated", "invalid_request"),
    dependencies=[allow("operator", "storefront", "store-staff", "till")],
)
async def query(body: AvailabilityQuery, doors: Inventory) -> Availability:
    return await _availability(doors, body.skus, body.location_ids)


async def _availability(doors: Doors, skus: Sequence[str], location_ids: Sequence[str] | None) -> Availability:
    async with doors.database.reading() as connection:
        rows = await levels.of_skus(connection, skus, location_ids)
    by_sku: dict[str, list[AvailableAt]] = defaultdict(list)
    for row in rows:
        by_sku[row.sku].append(AvailableAt.model_construct(location_id=row.location_id, available=_available(row)))
    limited_below = doors.settings.limited_availability_below
    items = [_item(sku, by_sku[sku], limited_below) for sku in dict.fromkeys(skus)]
    return Availability.model_construct(as_of=doors.clock(), items=items)


def _available(row: Any) -> int:
    return Level(row.on_hand, row.reserved, row.safety_stock).available


def _item(sku: str, places: list[AvailableAt], limited_below: int) -> ItemAvailability:
    total = sum(place.available for place in places)
    status: Status = "OutOfStock" if total == 0 else "LimitedAvailability" if total < limited_below else "InStock"
    return ItemAvailability.model_construct(sku=sku, available=total, status=status, locations=places)
