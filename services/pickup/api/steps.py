"""HTTP door: the steps of a pickup, from the aisle to the counter."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Response
from pydantic import Field

from services.pickup.api.answers import Pickup
from services.pickup.api.doors import PickupDoors
from services.pickup.domain.steps import WRONG_CODES_LIMIT, Cancel, Collect, MakeReady, Pick, Short, Start
from services.pickup.usecases.pickups import CODE_DIGITS, Command
from shared.contracts.values import Quantity, Sku, Wire
from shared.http.auth import Key, allow
from shared.http.problems import responses
from shared.principal import Principal

router = APIRouter(prefix="/v1/pickups/{pickup_id}", tags=["steps"])

Staff = Annotated[Principal, allow("store-staff", "operator")]
PickupId = Annotated[UUID, Path(description="The pickup")]
# PostgreSQL stores no NUL in a text.
Reason = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00]*$")]


def _problems(*codes: str) -> dict[int | str, dict[str, Any]]:
    return responses(
        "unauthenticated",
        "forbidden",
        "not_found",
        "illegal_transition",
        "request_in_flight",
        "invalid_request",
        "idempotency_key_reused",
        "overloaded",
        *codes,
    )


class PickBody(Wire):
    """Units that went from the shelf into the bag."""

    quantity: Quantity = Field(examples=[1])


class ShortBody(Wire):
    """Units that could not be found."""

    missing: Quantity = Field(examples=[1])
    reason: Reason = Field(examples=["not on the shelf"])


class CollectBody(Wire):
    """The code that the customer shows."""

    code: str = Field(pattern=rf"^[0-9]{{{CODE_DIGITS}}}$", examples=["407718"])


class CancelBody(Wire):
    """Why nobody will collect it."""

    reason: Reason = Field(examples=["the customer called"])


@router.post(
    "/start",
    summary="Start picking",
    description="requested → picking. Started already, it changes nothing and answers 200.",
    response_model=Pickup,
    responses=_problems(),
)
async def start(pickup_id: PickupId, doors: PickupDoors, asked_by: Staff, key: Key) -> Response:
    return await doors.steps(Command(str(pickup_id), Start(), asked_by), key)


@router.post(
    "/lines/{sku}/pick",
    summary="Put units into the bag",
    description="Adds to what is picked already; possible while picking, up to what is ordered and neither short nor"
    " cancelled; beyond that it is 422 `invalid_request`. With an Idempotency-Key a retry does not count twice.",
    response_model=Pickup,
    responses=_problems(),
)
async def pick(
    pickup_id: PickupId, sku: Sku, body: PickBody, doors: PickupDoors, asked_by: Staff, key: Key
) -> Response:
    return await doors.steps(Command(str(pickup_id), Pick(sku, body.quantity), asked_by), key)


@router.post(
    "/lines/{sku}/short",
    summary="Report units that are not on the shelf",
    description="They are taken off the pickup and the order. When nothing is left, the pickup is cancelled.",
    response_model=Pickup,
    responses=_problems(),
)
async def short(
    pickup_id: PickupId, sku: Sku, body: ShortBody, doors: PickupDoors, asked_by: Staff, key: Key
) -> Response:
    return await doors.steps(Command(str(pickup_id), Short(sku, body.missing, body.reason), asked_by), key)


@router.post(
    "/ready",
    summary="The bag is at the counter",
    description="picking → ready, once every line is picked or short. Issues the code and the time until which it is"
    " held. Ready already, it changes nothing and answers 200.",
    response_model=Pickup,
    responses=_problems(),
)
async def ready(pickup_id: PickupId, doors: PickupDoors, asked_by: Staff, key: Key) -> Response:
    return await doors.steps(Command(str(pickup_id), MakeReady(doors.new_code()), asked_by), key)


@router.post(
    "/collect",
    summary="Hand the bag over",
    description=f"ready → collected, with the customer's code. {WRONG_CODES_LIMIT} wrong codes lock the pickup until"
    " `locked_until`, for the right code too. Collected already, the right code answers 200.",
    response_model=Pickup,
    responses=_problems("wrong_code", "locked"),
)
async def collect(pickup_id: PickupId, body: CollectBody, doors: PickupDoors, asked_by: Staff, key: Key) -> Response:
    return await doors.steps(Command(str(pickup_id), Collect(body.code), asked_by), key)


@router.post(
    "/cancel",
    summary="Cancel a pickup",
    description="Possible until it is collected; its units go back to the shelf. Cancelled already, it answers 200.",
    response_model=Pickup,
    responses=_problems(),
)
async def cancel(
    pickup_id: PickupId,
    body: CancelBody,
    doors: PickupDoors,
    asked_by: Annotated[Principal, allow("store-staff", "operator", "storefront")],
    key: Key,
) -> Response:
    return await doors.steps(Command(str(pickup_id), Cancel(body.reason), asked_by), key)
