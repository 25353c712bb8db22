"""HTTP door: what places can do in a day, and what they have taken on."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import Field

from services.orders.api.doors import OrdersDoors
from services.orders.api.routing_values import ORDERS_LIMIT
from services.orders.domain.days import day_starts
from services.orders.store import capacities
from services.orders.store.capacities import StoredCapacity
from services.orders.usecases.routing import put_capacity
from shared.contracts.values import Instant, LocationId, Money, Wire
from shared.database import Connection
from shared.errors import DomainError, InvalidRequest
from shared.http.auth import allow
from shared.http.door import answer
from shared.http.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode, page
from shared.http.problems import responses

router = APIRouter(prefix="/v1/fulfilment-capacities", tags=["sourcing"])


class CapacityBody(Wire):
    """What is not said has no limit and no known cost."""

    orders_per_day: Annotated[int, Field(strict=True, ge=0, le=ORDERS_LIMIT)] | None = Field(
        None,
        description="So many orders the place takes from midnight to midnight, in its own time zone",
        examples=[80],
    )
    cost_per_parcel: Money | None = Field(
        None, description="What a parcel from here costs, picking and carrier together; in one currency for all places"
    )


class CapacityShown(CapacityBody):
    location_id: LocationId
    used_today: int = Field(description="Orders of which something was promised from here today", examples=[12])
    left_today: int | None = Field(description="Absent where there is no limit", examples=[68])
    updated_at: Instant


@router.put(
    "/{location_id}",
    summary="Set what a place can do in a day",
    description="Puts the whole capacity; 201 where nothing was said about the place before. It counts where a routing"
    " policy asks for it. It steers and does not refuse: orders that are decided at the same moment may go past it."
    " The place itself may become known later.",
    response_model=CapacityShown,
    responses={201: {"model": CapacityShown}, **responses("unauthenticated", "forbidden", "invalid_request")},
    dependencies=[allow("operator")],
)
async def put(location_id: Annotated[LocationId, Path()], body: CapacityBody, doors: OrdersDoors) -> Response:
    cost = body.cost_per_parcel
    if cost is not None and cost.amount < 0:
        raise InvalidRequest("/cost_per_parcel/amount", "a cost is not below 0")
    async with doors.database.transaction() as transaction:
        is_new = await put_capacity(transaction, location_id, body.orders_per_day, cost, doors.clock())
        stored = await capacities.get(transaction, location_id)
        assert stored is not None
        (shown,) = await _shown(transaction, doors, [stored])
    return answer(shown, 201 if is_new else 200).response()


@router.get(
    "/{location_id}",
    summary="What a place can do, and has taken on today",
    description="As it was last put, with what was promised from there since its midnight.",
    response_model=CapacityShown,
    responses=responses("unauthenticated", "forbidden", "not_found", "invalid_request"),
    dependencies=[allow("operator", "store-staff")],
)
async def get(location_id: Annotated[LocationId, Path()], doors: OrdersDoors) -> CapacityShown:
    async with doors.database.reading() as connection:
        stored = await capacities.get(connection, location_id)
        if stored is None:
            raise DomainError("not_found", f"No capacity was put for the location {location_id}.")
        (shown,) = await _shown(connection, doors, [stored])
    return shown


@router.get(
    "",
    summary="All capacities",
    description="Of the places that have one, by their ids.",
    response_model=Page[CapacityShown],
    responses=responses("unauthenticated", "forbidden", "invalid_request"),
    dependencies=[allow("operator", "store-staff")],
)
async def list_(doors: OrdersDoors, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> Page[CapacityShown]:
    after = decode(cursor, 1)
    async with doors.database.reading() as connection:
        stored = await capacities.page(connection, str(after[0]) if after else "", limit + 1)
        shown = await _shown(connection, doors, stored)
    items, next_cursor = page(shown, limit, lambda item: [item.location_id])
    return Page(items=items, next_cursor=next_cursor)


async def _shown(
    connection: Connection, doors: OrdersDoors, stored: Sequence[StoredCapacity]
) -> Sequence[CapacityShown]:
    """With what each place has taken on since its own midnight."""
    days = day_starts({row.location_id: row.time_zone for row in stored}, doors.clock())
    used = await capacities.used(connection, days)
    return [_one(row, used.get(row.location_id, 0)) for row in stored]


def _one(row: StoredCapacity, used: int) -> CapacityShown:
    limit, cost = row.capacity.orders_per_day, row.capacity.cost_per_parcel
    return CapacityShown(
        location_id=row.location_id,
        orders_per_day=limit,
        cost_per_parcel=None
        if cost is None or row.cost_currency is None
        else Money(amount=cost, currency=row.cost_currency),
        used_today=used,
        left_today=None if limit is None else max(0, limit - used),
        updated_at=row.updated_at,
    )
