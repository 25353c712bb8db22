"""HTTP door: what may be promised now. Always read from the levels themselves, never from a copy.

Questions are gathered like writes are: what is waiting is answered by one statement.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field
from pydantic_core import to_json

from services.inventory.api.doors import Doors, Inventory, Wanted, inventory
from services.inventory.domain.levels import Level
from services.inventory.store import levels
from shared.batching import Decide as Read
from shared.clock import Clock
from shared.contracts.values import Channel, Instant, LocationId, Sku, Wire
from shared.database import Database
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
    response_model=Availability,
    responses=responses("unauthenticated", "invalid_request", "overloaded"),
    dependencies=[allow("operator", "storefront", "store-staff", "till")],
)
async def get(
    request: Request,
    sku: Annotated[list[Sku], Query(min_length=1, max_length=QUERY_LIMIT, description="Up to 200 items")],
    location_id: Annotated[list[LocationId] | None, Query(description="Only these places")] = None,
    channel: Annotated[Channel | None, Query(description="The channel that asks")] = None,
) -> Response:
    return await _answer(inventory(request), sku, location_id)


@router.post(
    "/query",
    summary="Availability of many items",
    description="The same for up to 1,000 items.",
    response_model=Availability,
    responses=responses("unauthenticated", "invalid_request", "overloaded"),
    dependencies=[allow("operator", "storefront", "store-staff", "till")],
)
async def query(body: AvailabilityQuery, doors: Inventory) -> Response:
    return await _answer(doors, body.skus, body.location_ids)


async def _answer(doors: Doors, skus: Sequence[str], location_ids: Sequence[str] | None) -> Response:
    wanted = Wanted(tuple(dict.fromkeys(skus)), frozenset(location_ids) if location_ids else None)
    return Response(await doors.availability.submit(wanted), media_type="application/json")


def reading(database: Database, clock: Clock, limited_below: int) -> Read[Wanted, bytes]:
    """The questions that are waiting, answered from one look at the levels; those that are equal share an answer.

    Fewer than `limited_below` units are `LimitedAvailability`.
    """

    async def read(asked: Sequence[Wanted]) -> list[bytes]:
        as_of = clock()
        skus = {sku for wanted in asked for sku in wanted.skus}
        places = [place for wanted in asked for place in wanted.location_ids or ()]
        everywhere = any(wanted.location_ids is None for wanted in asked)
        available: dict[str, list[tuple[str, int]]] = {sku: [] for sku in skus}
        async with database.reading() as connection:
            for sku, place, *quantities in await levels.promisable(connection, skus, None if everywhere else places):
                available[sku].append((place, Level(*quantities).available))
        answers = {wanted: to_json(_shown(wanted, available, as_of, limited_below)) for wanted in set(asked)}
        return [answers[wanted] for wanted in asked]

    return read


def _shown(
    wanted: Wanted, available: Mapping[str, Sequence[tuple[str, int]]], as_of: datetime, limited_below: int
) -> dict[str, Any]:
    """An `Availability`, as its members."""
    items = []
    for sku in wanted.skus:
        places = [at for at in available[sku] if wanted.location_ids is None or at[0] in wanted.location_ids]
        total = sum(units for _, units in places)
        items.append(
            {
                "sku": sku,
                "available": total,
                "status": _status(total, limited_below),
                "locations": [{"location_id": place, "available": units} for place, units in places],
            }
        )
    return {"as_of": as_of, "items": items}


def _status(units: int, limited_below: int) -> Status:
    if units == 0:
        return "OutOfStock"
    return "LimitedAvailability" if units < limited_below else "InStock"
