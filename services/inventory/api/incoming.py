"""HTTP door: what is expected. Backorders are promised from it, with its dates."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from services.inventory.api.doors import Inventory
from services.inventory.store import incoming as store
from services.inventory.store.incoming import Incoming
from services.inventory.usecases.incoming import expect, withdraw
from services.inventory.usecases.stock import check_known
from shared.contracts.values import Instant, LocationId, Name, Quantity, Sku, Wire
from shared.errors import DomainError
from shared.http.auth import allow
from shared.http.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode, page
from shared.http.problems import responses

router = APIRouter(prefix="/v1/incoming", tags=["incoming"])

IncomingId = Annotated[
    Name, Path(description="Your own id of the delivery and item, new for each", examples=["PO-81-1"])
]


class IncomingBody(Wire):
    """Units of one item that are expected at one place."""

    location_id: LocationId
    sku: Sku
    quantity: Quantity = Field(description="Units in all, those that have come included", examples=[24])
    expected_at: Instant = Field(description="When they come")
    available_from: Instant | None = Field(
        None, description="When they can be handed out, if that is later: the day on which a new item comes out"
    )


class IncomingShown(IncomingBody):
    incoming_id: Name = Field(examples=["PO-81-1"])
    received: int = Field(description="Units that have come: receipts with this id as their `reference`", examples=[0])


@router.put(
    "/{incoming_id}",
    summary="Say what is expected, and when",
    description="An order that says `backorder` is promised from what is expected, never more than that, the earliest"
    " first. Put again with another date or quantity it moves the dates of those who wait, and they are told; put with"
    " less than is promised, the latest promises have no date until more is expected. It is used up by receipts, of a"
    " supplier's goods or of a transfer, at its place with its id as their `reference`. 201 where it is new; an id"
    " stays with its place and item.",
    response_model=IncomingShown,
    responses={
        201: {"model": IncomingShown},
        **responses("unauthenticated", "forbidden", "conflict", "unknown_location", "unknown_sku", "invalid_request"),
    },
    dependencies=[allow("operator")],
)
async def put(incoming_id: IncomingId, body: IncomingBody, doors: Inventory) -> Response:
    wanted = Incoming(incoming_id, **{name: getattr(body, name) for name in IncomingBody.model_fields})
    async with doors.database.transaction() as transaction:
        await check_known(transaction, {body.location_id: "/location_id"}, {body.sku: "/sku"})
        stored, is_new = await expect(transaction, wanted, doors.clock())
    return Response(_shown(stored).model_dump_json(), 201 if is_new else 200, media_type="application/json")


@router.get(
    "/{incoming_id}",
    summary="One delivery that is expected",
    description="With what has come of it.",
    responses=responses("unauthenticated", "not_found"),
    dependencies=[allow("operator", "storefront", "store-staff")],
)
async def get(incoming_id: IncomingId, doors: Inventory) -> IncomingShown:
    async with doors.database.reading() as connection:
        found = await store.get(connection, incoming_id)
    if found is None:
        raise DomainError("not_found", f"Nothing is expected under the id {incoming_id}.")
    return _shown(found)


@router.delete(
    "/{incoming_id}",
    status_code=204,
    summary="It is not expected any more",
    description="No promise is lost: those that counted on it are dated by the next delivery, or have no date until"
    " more is expected, and are told so.",
    responses=responses("unauthenticated", "forbidden", "not_found"),
    dependencies=[allow("operator")],
)
async def delete(incoming_id: IncomingId, doors: Inventory) -> None:
    async with doors.database.transaction() as transaction:
        await withdraw(transaction, incoming_id)


@router.get(
    "",
    summary="What is expected",
    description="By id; of one item with `sku`, of one place with `location_id`. What has come in full is shown too.",
    responses=responses("unauthenticated", "invalid_request"),
    dependencies=[allow("operator", "storefront", "store-staff")],
)
async def list_(
    doors: Inventory,
    sku: Annotated[Sku | None, Query()] = None,
    location_id: Annotated[LocationId | None, Query()] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[IncomingShown]:
    after = decode(cursor, 1)
    async with doors.database.reading() as connection:
        rows = await store.page(connection, sku, location_id, after[0] if after else None, limit + 1)
    found, next_cursor = page(rows, limit, lambda row: [row.incoming_id])
    return Page(items=[_shown(row) for row in found], next_cursor=next_cursor)


def _shown(incoming: Incoming) -> IncomingShown:
    return IncomingShown(**incoming._asdict())
