"""HTTP door: pick rounds, several bags picked in one walk."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Response
from pydantic import Field

from services.pickup.api.doors import Doors, PickupDoors
from services.pickup.api.round_answers import Round, round_shown
from services.pickup.api.scans import ScanBody, scanned_sku
from services.pickup.api.steps import PickBody, ShortBody, Staff
from services.pickup.domain.rounds import End
from services.pickup.domain.steps import Pick, Short
from services.pickup.store import pickups, rounds
from services.pickup.usecases.rounds import Begin, StepCommand
from shared.contracts.values import LocationId, Sku, Wire
from shared.errors import DomainError, InvalidRequest
from shared.http.auth import Key
from shared.http.problems import responses
from shared.identifiers import new_id
from shared.principal import Principal

router = APIRouter(prefix="/v1/pick-rounds", tags=["pick rounds"])

BAGS_LIMIT = 50
"""So many bags one person can carry along at most."""
DEFAULT_BAGS = 8

RoundId = Annotated[UUID, Path(description="The round")]


def _problems(*codes: str) -> dict[int | str, dict[str, Any]]:
    return responses(
        "unauthenticated",
        "forbidden",
        "request_in_flight",
        "invalid_request",
        "idempotency_key_reused",
        "overloaded",
        *codes,
    )


class RoundBody(Wire):
    """For whom somebody goes: for these pickups, or for the oldest due of the store."""

    location_id: LocationId
    pickup_ids: Annotated[list[UUID], Field(min_length=1, max_length=BAGS_LIMIT)] | None = Field(
        None, description="These, instead of the oldest due"
    )
    limit: int = Field(
        DEFAULT_BAGS, strict=True, ge=1, le=BAGS_LIMIT, description="At most so many, where none are named"
    )


@router.post(
    "",
    status_code=201,
    summary="Begin a pick round",
    description="Begins several bags of a store at once: those named, which must be requested or picking and in no"
    " other round (409 `conflict`), or those that are due first among the requested. Two people who ask at the same"
    " moment get different bags; where none is left it is 409 `nothing_to_pick`.",
    response_model=Round,
    responses=_problems("illegal_transition", "conflict", "nothing_to_pick"),
)
async def begin(body: RoundBody, doors: PickupDoors, asked_by: Staff, key: Key) -> Response:
    asked_by.require_location(body.location_id)
    pickup_ids = [str(pickup_id) for pickup_id in body.pickup_ids or ()]
    for place, pickup_id in enumerate(pickup_ids):
        if pickup_id in pickup_ids[:place]:
            raise InvalidRequest(f"/pickup_ids/{place}", "it stands earlier in the list already")
    return await doors.begin_round(Begin(new_id(), body.location_id, pickup_ids, body.limit), key)


@router.get(
    "/{round_id}",
    summary="One pick round",
    description="Its bags, numbered by when they are due, and its lines by SKU with how many units go into which bag.",
    response_model=Round,
    responses=responses("unauthenticated", "forbidden", "not_found", "invalid_request"),
)
async def get(round_id: RoundId, doors: PickupDoors, asked_by: Staff) -> Round:
    return await _round(str(round_id), doors, asked_by)


@router.post(
    "/{round_id}/scan",
    summary="Scan what was found",
    description="Puts the units into the bags that wait for the item, the one that is due first before the others;"
    " `moved` names each with its number. Beyond what the round still wants it is 422 `invalid_request`, and nothing"
    " is picked. An item of no bag here is 409 `wrong_item`, a GTIN of no item 422 `unknown_gtin`.",
    response_model=Round,
    responses=_problems("not_found", "wrong_item", "unknown_gtin", "unavailable"),
)
async def scan(round_id: RoundId, body: ScanBody, doors: PickupDoors, asked_by: Staff, key: Key) -> Response:
    seen = await _round(str(round_id), doors, asked_by)
    sku = await scanned_sku(body, doors.items, {line.sku for line in seen.lines})
    return await doors.step_round(StepCommand(str(round_id), Pick(sku, body.quantity), asked_by), key)


@router.post(
    "/{round_id}/lines/{sku}/pick",
    summary="Put units into the bags",
    description="Like a scan, for an item whose code cannot be read.",
    response_model=Round,
    responses=_problems("not_found"),
)
async def pick(round_id: RoundId, sku: Sku, body: PickBody, doors: PickupDoors, asked_by: Staff, key: Key) -> Response:
    return await doors.step_round(StepCommand(str(round_id), Pick(sku, body.quantity), asked_by), key)


@router.post(
    "/{round_id}/lines/{sku}/short",
    summary="Report units that are not on the shelf",
    description="They are missed by the bag that is due last, then by the one before it: the oldest promise is kept."
    " A bag that nothing is left of is cancelled.",
    response_model=Round,
    responses=_problems("not_found"),
)
async def short(
    round_id: RoundId, sku: Sku, body: ShortBody, doors: PickupDoors, asked_by: Staff, key: Key
) -> Response:
    return await doors.step_round(StepCommand(str(round_id), Short(sku, body.missing, body.reason), asked_by), key)


@router.post(
    "/{round_id}/end",
    summary="End a pick round",
    description="The bags that are still being picked leave it as they are and may go into another round. Ended"
    " already, it changes nothing and answers 200.",
    response_model=Round,
    responses=_problems("not_found"),
)
async def end(round_id: RoundId, doors: PickupDoors, asked_by: Staff, key: Key) -> Response:
    return await doors.step_round(StepCommand(str(round_id), End(), asked_by), key)


async def _round(round_id: str, doors: Doors, asked_by: Principal) -> Round:
    """Raises `not_found`, `forbidden`."""
    async with doors.database.reading() as connection:
        found = (await rounds.named(connection, [round_id])).get(round_id)
        bags = await pickups.of_round(connection, round_id)
    if found is None:
        raise DomainError("not_found", f"There is no pick round {round_id}.")
    asked_by.require_location(found.location_id)
    return round_shown(found, bags)
