"""HTTP door: how customers found it."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from services.pickup.api.answers import Pickup
from services.pickup.api.cursors import instant_and_id
from services.pickup.api.doors import PickupDoors
from services.pickup.api.steps import PickupId, problems
from services.pickup.domain.handover import Rate
from services.pickup.store import ratings
from services.pickup.usecases.pickups import Command
from shared.contracts.values import Instant, LocationId, Text, Wire
from shared.http.auth import Key, allow
from shared.http.paging import DEFAULT_LIMIT, Cursor, Limit, Page, page
from shared.http.problems import responses
from shared.principal import Principal

router = APIRouter(tags=["ratings"])


class RatingBody(Wire):
    """What the customer says of a bag that was collected."""

    stars: int = Field(strict=True, ge=1, le=5, description="From 1 to 5", examples=[5])
    words: Text | None = Field(None, description="In the customer's words", examples=["ready before I was"])


class Rating(BaseModel):
    """How one pickup was."""

    model_config = ConfigDict(from_attributes=True)

    pickup_id: str
    location_id: LocationId
    stars: int = Field(examples=[5])
    words: str | None = Field(examples=["ready before I was"])
    rated_at: Instant


class Ratings(Page[Rating]):
    """Ratings, and what they say together."""

    count: int = Field(description="Of all ratings, not of this page alone", examples=[1])
    average: float | None = Field(description="Stars, over all ratings; null where there are none", examples=[5.0])


@router.post(
    "/v1/pickups/{pickup_id}/rating",
    summary="Rate a pickup",
    description="Once, after it was collected. The same rating again changes nothing and answers 200; another one is"
    " 409 `already_rated`.",
    response_model=Pickup,
    responses=problems("already_rated"),
)
async def rate(
    pickup_id: PickupId,
    body: RatingBody,
    doors: PickupDoors,
    asked_by: Annotated[Principal, allow("storefront", "operator")],
    key: Key,
) -> Response:
    return await doors.steps(Command(str(pickup_id), Rate(body.stars, body.words), asked_by), key)


@router.get(
    "/v1/ratings",
    summary="How customers found it",
    description="The newest first, with the average over all: of one store, or of the whole house. Store staff see"
    " their own location only.",
    response_model=Ratings,
    responses=responses("unauthenticated", "forbidden", "invalid_request"),
)
async def list_(
    doors: PickupDoors,
    asked_by: Annotated[Principal, allow("operator", "storefront", "store-staff")],
    location_id: Annotated[LocationId | None, Query()] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Ratings:
    if location_id is not None:
        asked_by.require_location(location_id)
    of = location_id or asked_by.location_id
    async with doors.database.reading() as connection:
        summary = await ratings.summary(connection, of)
        rows = await ratings.page(connection, of, instant_and_id(cursor), limit + 1)
    found = [Rating.model_validate(row) for row in rows]
    items, next_cursor = page(found, limit, lambda item: [item.rated_at, item.pickup_id])
    average = None if summary.average is None else round(float(summary.average), 2)
    return Ratings(items=items, next_cursor=next_cursor, count=summary.count, average=average)
