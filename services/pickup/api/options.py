"""HTTP door: where a basket could be collected."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from services.pickup.api.doors import PickupDoors
from services.pickup.domain import options as domain
from services.pickup.domain.options import Coverage, arriving_lines, coverage, option_lines, with_arrivals
from services.pickup.domain.slots import SLOT
from services.pickup.store import locations
from services.pickup.store.availability import Available
from services.pickup.usecases.counter_times import CounterTimes, counter_times
from shared.contracts.locations import Latitude, Longitude
from shared.contracts.slots import SlotTime
from shared.contracts.values import Channel, Instant, LocationId, Sku, SkuQuantity, Wire
from shared.geography import distance_km
from shared.http.auth import allow
from shared.http.problems import responses

router = APIRouter(prefix="/v1/pickup-options", tags=["options"])

LINES_LIMIT = 200
STORES_LIMIT = 50
DEFAULT_STORES = 10
SENDERS_LIMIT = 400
"""So many places are looked at for what could be sent: with the stores fewer than inventory answers about at once."""


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
    channel: Channel | None = Field(None, description="Where it would be ordered: of what that channel may see")
    ship_to_store: bool = Field(
        False, description="Whether to say also what other places could send to each store, and when it is ready then"
    )


class OptionLine(BaseModel):
    """One item: so many are wanted, so many are available there."""

    model_config = ConfigDict(from_attributes=True)

    sku: Sku
    quantity: int
    available: int


class ArrivingLine(BaseModel):
    """One item: so many are wanted, so many of them would be sent to the store."""

    model_config = ConfigDict(from_attributes=True)

    sku: Sku
    quantity: int
    arriving: int


class ByTransfer(BaseModel):
    """What an order with `ship_to_store` would bring to the store."""

    available: Coverage = Field(description="Whether all, some or none of the lines would be there in full then")
    lines: list[ArrivingLine]
    ready_by: Instant = Field(description="When the bag would be ready: once what is sent is there and it is picked")


class Option(BaseModel):
    """One store."""

    location_id: LocationId
    name: str = Field(examples=["Ginza"])
    distance_km: float = Field(examples=[1.204])
    available: Coverage = Field(description="Whether the store has all, some or none of the lines in full")
    lines: list[OptionLine]
    ready_by: Instant = Field(
        description="When the bag would be ready if it were ordered now: from the store's opening hours, the time that"
        " picking takes and the bags that wait already"
    )
    slots: list[SlotTime] = Field(
        description="The next half hours with a place left, from `ready_by` on; an order names one as its `slot`. Empty"
        " where the store offers none"
    )
    by_transfer: ByTransfer | None = Field(
        None, description="Where it was asked for, and other places have something that the store has too little of"
    )


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
    wanted: Counter[str] = Counter()
    for line in body.lines:
        wanted[line.sku] += line.quantity
    async with doors.database.reading() as connection:
        nearest = _nearest(await locations.offering_pickup(connection), body.near, body.limit)
        location_ids = [store.location_id for store, _ in nearest]
        as_of = doors.clock()
        times = await counter_times(connection, location_ids, len(wanted), as_of, doors.preparation, doors.travel)
        senders = await locations.shipping(connection, SENDERS_LIMIT) if body.ship_to_store else []
    asked = list(dict.fromkeys([*location_ids, *senders]))
    available = await doors.availability.of(list(wanted), asked, body.channel) if nearest else {}
    items = [
        _option(store, distance, wanted, available, times[store.location_id], senders) for store, distance in nearest
    ]
    return Options(as_of=as_of, items=items)


def _nearest(stores: Sequence[Any], near: Point, limit: int) -> list[tuple[Any, float]]:
    """The nearest stores with their distance in kilometres."""
    located = [(store, distance_km(near.latitude, near.longitude, store.latitude, store.longitude)) for store in stores]
    return sorted(located, key=lambda pair: (pair[1], pair[0].location_id))[:limit]


def _option(
    store: Any,
    distance: float,
    wanted: Mapping[str, int],
    available: Available,
    times: CounterTimes,
    senders: Sequence[str],
) -> Option:
    lines = option_lines(wanted, store.location_id, available)
    return Option(
        location_id=store.location_id,
        name=store.name,
        distance_km=round(distance, 3),
        available=coverage(lines),
        lines=[OptionLine.model_validate(line) for line in lines],
        ready_by=times.ready_by,
        slots=[SlotTime(starts_at=start, ends_at=start + SLOT) for start in times.slots],
        by_transfer=_by_transfer(store.location_id, lines, senders, available, times.ready_by_transfer),
    )


def _by_transfer(
    location_id: str, lines: list[domain.OptionLine], senders: Sequence[str], available: Available, ready_by: datetime
) -> ByTransfer | None:
    arriving = arriving_lines(lines, location_id, senders, available)
    if not any(line.arriving for line in arriving):
        return None
    return ByTransfer(
        available=coverage(with_arrivals(lines, arriving)),
        lines=[ArrivingLine.model_validate(line) for line in arriving],
        ready_by=ready_by,
    )
