"""HTTP door: transfers to the stores where orders are collected."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response

from services.pickup.api.cursors import instant_and_id
from services.pickup.api.doors import PickupDoors
from services.pickup.api.steps import problems
from services.pickup.api.transfer_answers import TransferShown
from services.pickup.domain.transfers import TransferState
from services.pickup.store import transfers
from services.pickup.usecases.transfers import TransferCommand
from shared.contracts.values import LocationId
from shared.errors import DomainError
from shared.http.auth import Key, allow
from shared.http.paging import DEFAULT_LIMIT, Cursor, Limit, Page, page
from shared.http.problems import responses
from shared.principal import Principal

router = APIRouter(prefix="/v1/transfers", tags=["transfers"])

Staff = Annotated[Principal, allow("store-staff", "operator")]
TransferId = Annotated[UUID, Path(description="The transfer")]


@router.get(
    "",
    summary="What is to be sent, and what is to come",
    description="Oldest due first: what leaves a place for the bags of other stores, and what comes for its own. Store"
    " staff see their own location only.",
    response_model=Page[TransferShown],
    responses=responses("unauthenticated", "forbidden", "invalid_request"),
)
async def list_(
    doors: PickupDoors,
    asked_by: Staff,
    location_id: Annotated[LocationId | None, Query(description="Where it leaves, or where it is sent to")] = None,
    state: Annotated[TransferState | None, Query()] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[TransferShown]:
    if location_id is not None:
        asked_by.require_location(location_id)
    async with doors.database.reading() as connection:
        rows = await transfers.page(
            connection,
            location_id=location_id or asked_by.location_id,
            state=state,
            after=instant_and_id(cursor),
            limit=limit + 1,
        )
    found = [TransferShown.model_validate(row) for row in rows]
    items, next_cursor = page(found, limit, lambda item: [item.due_at, item.transfer_id])
    return Page(items=items, next_cursor=next_cursor)


@router.get(
    "/{transfer_id}",
    summary="One transfer",
    description="For the place that it leaves, and for the store that it is sent to.",
    response_model=TransferShown,
    responses=responses("unauthenticated", "forbidden", "not_found", "invalid_request"),
)
async def get(transfer_id: TransferId, doors: PickupDoors, asked_by: Staff) -> TransferShown:
    async with doors.database.reading() as connection:
        row = await transfers.get(connection, str(transfer_id))
    if row is None:
        raise DomainError("not_found", f"There is no transfer {transfer_id}.")
    if asked_by.location_id != row.to_location_id:
        asked_by.require_location(row.from_location_id)
    return TransferShown.model_validate(row)


@router.post(
    "/{transfer_id}/send",
    summary="It has left",
    description="requested → sent, by staff of the place that it leaves, with all that is still wanted of it. What the"
    " place cannot give it rejects first, at orders: the next nearest place is asked for that. Sent already, it changes"
    " nothing and answers 200.",
    response_model=TransferShown,
    responses=problems(),
)
async def send(transfer_id: TransferId, doors: PickupDoors, asked_by: Staff, key: Key) -> Response:
    return await doors.step_transfer(TransferCommand(str(transfer_id), "send", asked_by), key)


@router.post(
    "/{transfer_id}/receive",
    summary="It has arrived",
    description="sent → received, by staff of the store: its units can be picked into the bag, and what nobody wants"
    " any more is free stock. Received already, it changes nothing and answers 200.",
    response_model=TransferShown,
    responses=problems(),
)
async def receive(transfer_id: TransferId, doors: PickupDoors, asked_by: Staff, key: Key) -> Response:
    return await doors.step_transfer(TransferCommand(str(transfer_id), "receive", asked_by), key)
