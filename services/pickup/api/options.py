"""HTTP door: where a basket could be collected."""

from collections import Counter
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from services.pickup.api.doors import PickupDoors
from services.pickup.domain.options import Coverage, coverage, option_lines
from services.pickup.store import locations
from shared.contracts.locations import Latitude, Longitude
from shared.contracts.values import Instant, LocationId, Sku, SkuQuantity, Wire
from shared.geography import distance_km
from shared.http.auth import allow
from shared.http.problems import responses

router = APIRouter(prefix="/v1/pickup-options", tags=["options"])

LINES_LIMIT = 200
STORES_LIMIT = 50
DEFAULT_STORES = 10


class Point(Wire):
    """A place on the globe, in degrees."""

    latitude: Latitude
    longitude: Longitude


class OptionsBody(Wire):
    """A basket, and where the customer is."""

    lines: Annotated[list[SkuQuantity], Field(min_length=1, max_length=LINES_LIMIT)]
    near: Point
    limit: Annotated[int, Field(strict=True, ge=1, le=STORES_LIMIT, description="At most so many stores")] = (
        DEFAULT_STORES
    )


class OptionLine(BaseModel):
    """One item: so many are wanted, so many are available there."""

    model_config = ConfigDict(from_attributes=True)

    sku: Sku
    quantity: int
    available: int


class Slot(BaseModel):
    """A time span in which the bag may be collected."""

    starts_at: Instant
    ends_at: Instant


class Option(BaseModel):
    """One store."""

    location_id: LocationId
    name: str = Field(examples=["Ginza"])
    distance_km: float = Field(examples=[1.204])
    available: Coverage = Field(description="Whether the store has all, some or none of the lines in full")
    lines: list[OptionLine]
    ready_by: Instant = Field(description="When the bag would be ready if it were ordered now")
    slots: list[Slot] = Field(description="Empty: stores do not offer slots yet")


class Options(BaseModel):
    """Stores by distance."""

    as_of: Instant
    items: list[Option]


@router.post(
    "",
    summary="Where this basket could be collected",
    description="The nearest stores that offer pickup, with what each has. It promises nothing: the order does.",
    response_model=Options,
    responses=responses("unauthenticated", "forbidden", "invalid_request", "unavailable"),
    dependencies=[allow("storefront", "operator", "store-staff")],
)
async def options(body: OptionsBody, doors: PickupDoors) -> Options:
    async with doors.database.reading() as connection:
        stores = await locations.offering_pickup(connection)
    here = (body.near.latitude, body.near.longitude)
    distances = {store.location_id: distance_km(*here, store.latitude, store.longitude) for store in stores}
    nearest = sorted(stores, key=lambda store: (distances[store.location_id], store.location_id))[: body.limit]
    wanted: Counter[str] = Counter()
    for line in body.lines:
        wanted[line.sku] += line.quantity
    as_of = doors.clock()
    location_ids = [store.location_id for store in nearest]
    available = await doors.availability.of(list(wanted), location_ids) if nearest else {}
    items = []
    for store in nearest:
        lines = option_lines(wanted, store.location_id, available)
        items.append(
            Option(
                location_id=store.location_id,
                name=store.name,
                distance_km=round(distances[store.location_id], 3),
                available=coverage(lines),
                lines=[OptionLine.model_validate(line) for line in lines],
                ready_by=as_of + doors.preparation,
                slots=[],
            )
        )
    return Options(as_of=as_of, items=items)
