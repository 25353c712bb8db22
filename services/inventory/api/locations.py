"""HTTP door: locations."""

from typing import Annotated, Literal
from zoneinfo import available_timezones

from fastapi import APIRouter, Path, Query, Response
from pydantic import AfterValidator, Field
from stdnum import ean

from services.inventory.api.doors import Inventory
from services.inventory.store import locations
from services.inventory.usecases.locations import put_location
from shared.contracts.locations import GROUPS_LIMIT, Latitude, LocationChanged, Longitude
from shared.contracts.values import LocationId, Name, Text, Wire
from shared.errors import DomainError, InvalidRequest
from shared.geography import distance_km
from shared.http.auth import allow
from shared.http.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode, page
from shared.http.problems import responses

router = APIRouter(prefix="/v1/locations", tags=["locations"])


def _known_time_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("not a time zone of the IANA database, like Asia/Tokyo")
    return name


def _right_gln(gln: str) -> str:
    if len(gln) != 13 or not ean.is_valid(gln):
        raise ValueError("not a GLN: 13 digits with the right GS1 check digit")
    return gln


class LocationBody(Wire):
    """A shop or a warehouse."""

    name: Text = Field(examples=["Ginza"])
    kind: Literal["store", "warehouse"]
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    time_zone: Annotated[str, AfterValidator(_known_time_zone)] | None = Field(None, examples=["Asia/Tokyo"])
    gln: Annotated[str, AfterValidator(_right_gln)] | None = Field(
        None, description="GS1 Global Location Number", examples=["4912345000002"]
    )
    ships: bool = Field(description="Whether parcels leave from here")
    offers_pickup: bool = Field(description="Whether customers may collect here")
    groups: Annotated[list[Name], Field(max_length=GROUPS_LIMIT)] = Field(
        default_factory=list,
        description="Groups that the limits of channels and routing policies speak of",
        examples=[["flagship", "tokyo"]],
    )


class Location(LocationBody):
    location_id: LocationId
    distance_km: float | None = None


@router.put(
    "/{location_id}",
    summary="Create or change a location",
    description="Puts the whole location. 201 where it is new.",
    response_model=Location,
    responses={201: {"model": Location}, **responses("unauthenticated", "forbidden", "invalid_request")},
    dependencies=[allow("operator")],
)
async def put(location_id: Annotated[LocationId, Path()], body: LocationBody, doors: Inventory) -> Response:
    location = LocationChanged(location_id=location_id, **body.model_dump())
    async with doors.database.transaction() as transaction:
        is_new = await put_location(transaction, location, doors.clock())
    answer = Location(location_id=location_id, **body.model_dump())
    return Response(answer.model_dump_json(), 201 if is_new else 200, media_type="application/json")


@router.get(
    "/{location_id}",
    summary="One location",
    description="As it was last put.",
    response_model=Location,
    responses=responses("unauthenticated", "not_found"),
    dependencies=[allow("operator", "storefront", "store-staff", "till")],
)
async def get(location_id: LocationId, doors: Inventory) -> Location:
    async with doors.database.reading() as connection:
        row = await locations.get(connection, location_id)
    if row is None:
        raise DomainError("not_found", f"There is no location {location_id}.")
    return _location(row)


@router.get(
    "",
    summary="All locations, or those near a point",
    description="With `near=LAT,LON` they come by distance, each with `distance_km`, all in one page up to `limit`;"
    " `within_km` leaves out what is further.",
    response_model=Page[Location],
    responses=responses("unauthenticated", "invalid_request"),
    dependencies=[allow("operator", "storefront", "store-staff", "till")],
)
async def list_(
    doors: Inventory,
    near: Annotated[str | None, Query(description="LAT,LON in degrees", examples=["35.67,139.76"])] = None,
    within_km: Annotated[float | None, Query(gt=0)] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[Location]:
    if near is not None:
        return Page(items=await _nearest(doors, _point(near), within_km, limit))
    after = decode(cursor, 1)
    async with doors.database.reading() as connection:
        rows = await locations.page(connection, after[0] if after else None, limit + 1)
    items, next_cursor = page([_location(row) for row in rows], limit, lambda item: [item.location_id])
    return Page(items=items, next_cursor=next_cursor)


async def _nearest(doors: Inventory, point: tuple[float, float], within_km: float | None, limit: int) -> list[Location]:
    async with doors.database.reading() as connection:
        rows = await locations.with_coordinates(connection)
    found = [_location(row, distance_km(*point, row.latitude, row.longitude)) for row in rows]
    near = [item for item in found if within_km is None or (item.distance_km or 0) <= within_km]
    return sorted(near, key=lambda item: (item.distance_km or 0, item.location_id))[:limit]


def _point(near: str) -> tuple[float, float]:
    try:
        latitude, longitude = (float(part) for part in near.split(","))
    except ValueError as error:
        raise InvalidRequest("/query/near", "expected LAT,LON, like 35.67,139.76") from error
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise InvalidRequest("/query/near", "latitude is within ±90, longitude within ±180 degrees")
    return latitude, longitude


def _location(row: object, distance: float | None = None) -> Location:
    shown = {name: getattr(row, name) for name in Location.model_fields if name != "distance_km"}
    return Location(**shown, distance_km=None if distance is None else round(distance, 3))
