"""HTTP door: the steps of a pickup, from the aisle to the counter."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Response
from pydantic import Field

from services.pickup.api.answers import Pickup
from services.pickup.api.doors import PickupDoors
from services.pickup.api.pickups import get as seen_pickup
from services.pickup.api.scans import ScanBody, scanned_sku
from services.pickup.domain.handover import WRONG_CODES_LIMIT
from services.pickup.domain.steps import Cancel, Collect, MakeReady, Pick, PlaceBag, Short, Start
from services.pickup.usecases.pickups import CODE_DIGITS, Command
from shared.contracts.orders import Collector
from shared.contracts.values import WITHOUT_NUL, Quantity, Sku, Wire
from shared.http.auth import Key, allow
from shared.http.problems import responses
from shared.principal import Principal

router = APIRouter(prefix="/v1/pickups/{pickup_id}", tags=["steps"])

Staff = Annotated[Principal, allow("store-staff", "operator")]
PickupId = Annotated[UUID, Path(description="The pickup")]
# PostgreSQL stores no NUL in a text.
Reason = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00]*$")]
BagLocation = Annotated[
    str,
    Field(min_length=1, max_length=100, pattern=WITHOUT_NUL, description="In people's words", examples=["shelf B4"]),
]


def problems(*codes: str) -> dict[int | str, dict[str, Any]]:
    """What any step may be refused with, and what this one may be besides."""
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


class ReadyBody(Wire):
    """Where the bag stands now."""

    bag_location: BagLocation | None = None


class BagLocationBody(Wire):
    """Where the bag stands now."""

    bag_location: BagLocation


class CollectBody(Wire):
    """The code that the customer shows, and who came if it is not the customer."""

    code: str = Field(pattern=rf"^[0-9]{{{CODE_DIGITS}}}$", examples=["407718"])
    collected_by: Collector | None = Field(None, description="Only whom the customer has named: `collector`")


class CancelBody(Wire):
    """Why nobody will collect it."""

    reason: Reason = Field(examples=["the customer called"])


@router.post(
    "/start",
    summary="Start picking",
    description="requested → picking. Started already, it changes nothing and answers 200.",
    response_model=Pickup,
    responses=problems(),
)
async def start(pickup_id: PickupId, doors: PickupDoors, asked_by: Staff, key: Key) -> Response:
    return await doors.steps(Command(str(pickup_id), Start(), asked_by), key)


@router.post(
    "/lines/{sku}/pick",
    summary="Put units into the bag",
    description="Adds to what is picked already; possible while picking, up to what is ordered and neither short nor"
    " cancelled; beyond that it is 422 `invalid_request`. With an Idempotency-Key a retry does not count twice.",
    response_model=Pickup,
    responses=problems(),
)
async def pick(
    pickup_id: PickupId, sku: Sku, body: PickBody, doors: PickupDoors, asked_by: Staff, key: Key
) -> Response:
    return await doors.steps(Command(str(pickup_id), Pick(sku, body.quantity), asked_by), key)


@router.post(
    "/scan",
    summary="Scan what was put into the bag",
    description="Like picking, by what a scanner reads. An item that is not of this bag is 409 `wrong_item`, a GTIN of"
    " no item 422 `unknown_gtin`; while inventory does not answer it is 503, and items are picked by SKU.",
    response_model=Pickup,
    responses=problems("wrong_item", "unknown_gtin", "unavailable"),
)
async def scan(pickup_id: PickupId, body: ScanBody, doors: PickupDoors, asked_by: Staff, key: Key) -> Response:
    seen = await seen_pickup(pickup_id, doors, asked_by)
    sku = await scanned_sku(body, doors.items, {line.sku for line in seen.lines})
    return await doors.steps(Command(str(pickup_id), Pick(sku, body.quantity), asked_by), key)


@router.post(
    "/lines/{sku}/short",
    summary="Report units that are not on the shelf",
    description="They are taken off the pickup and the order. When nothing is left, the pickup is cancelled.",
    response_model=Pickup,
    responses=problems(),
)
async def short(
    pickup_id: PickupId, sku: Sku, body: ShortBody, doors: PickupDoors, asked_by: Staff, key: Key
) -> Response:
    return await doors.steps(Command(str(pickup_id), Short(sku, body.missing, body.reason), asked_by), key)


@router.post(
    "/ready",
    summary="The bag is at the counter",
    description="picking → ready, once every line is picked or short. Issues the code and the time until which it is"
    " held. Ready already, it changes nothing and answers 200. With a body it says where the bag stands.",
    response_model=Pickup,
    responses=problems(),
)
async def ready(
    pickup_id: PickupId, doors: PickupDoors, asked_by: Staff, key: Key, body: ReadyBody | None = None
) -> Response:
    step = MakeReady(doors.new_code(), bag_location=body.bag_location if body else None)
    return await doors.steps(Command(str(pickup_id), step, asked_by), key)


@router.put(
    "/bag-location",
    summary="Say where the bag stands",
    description="Possible while it is picking or ready.",
    response_model=Pickup,
    responses=problems(),
)
async def put_bag_location(pickup_id: PickupId, body: BagLocationBody, doors: PickupDoors, asked_by: Staff) -> Response:
    return await doors.steps(Command(str(pickup_id), PlaceBag(body.bag_location), asked_by))


@router.post(
    "/collect",
    summary="Hand the bag over",
    description=f"ready → collected, with the customer's code. {WRONG_CODES_LIMIT} wrong codes lock the pickup until"
    " `locked_until`, for the right code too. Collected already, the right code answers 200. Somebody else gets it only"
    " if the customer has named them: else it is 403 `wrong_collector`.",
    response_model=Pickup,
    responses=problems("wrong_code", "wrong_collector", "locked"),
)
async def collect(pickup_id: PickupId, body: CollectBody, doors: PickupDoors, asked_by: Staff, key: Key) -> Response:
    collected_by = body.collected_by.name if body.collected_by else None
    return await doors.steps(Command(str(pickup_id), Collect(body.code, collected_by), asked_by), key)


@router.post(
    "/cancel",
    summary="Cancel a pickup",
    description="Possible until it is collected; its units go back to the shelf. Cancelled already, it answers 200.",
    response_model=Pickup,
    responses=problems(),
)
async def cancel(
    pickup_id: PickupId,
    body: CancelBody,
    doors: PickupDoors,
    asked_by: Annotated[Principal, allow("store-staff", "operator", "storefront")],
    key: Key,
) -> Response:
    return await doors.steps(Command(str(pickup_id), Cancel(body.reason), asked_by), key)
