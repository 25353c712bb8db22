"""HTTP door: reservations."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, Field, model_validator
from pydantic_core import to_json

from services.inventory.api.doors import Doors, Inventory, inventory
from services.inventory.store import reservations as store
from services.inventory.store.reservations import Reservation
from services.inventory.usecases.announcements import awaited
from services.inventory.usecases.requests import Reserve
from services.inventory.usecases.reservations import Change, change_reservations
from services.inventory.usecases.reserve import reserve
from shared.clock import Clock
from shared.contracts.reservations import AwaitedUnits, Sourcing
from shared.contracts.values import (
    Allocation,
    Channel,
    Instant,
    LocationId,
    Quantity,
    Reference,
    Sku,
    SkuQuantity,
    Wire,
)
from shared.database import Transaction
from shared.errors import DomainError, InvalidRequest
from shared.http.auth import Key, allow, request_key
from shared.http.door import Decide, Outcome
from shared.http.idempotency import KEYED, Answer
from shared.http.problems import responses
from shared.identifiers import new_id
from shared.principal import Principal

router = APIRouter(prefix="/v1/reservations", tags=["reservations"])

LINES_LIMIT = 200
SOURCE = "/inventory/http"
ReservationId = Annotated[str, Path(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", description="A UUID")]


class ReservationBody(Wire):
    """A promise asked for: all lines or nothing."""

    reference: Reference = Field(description="Your own name for it: a cart, an order", examples=["cart-2207"])
    channel: Channel
    lines: Annotated[list[SkuQuantity], Field(min_length=1, max_length=LINES_LIMIT)]
    sourcing: Sourcing | None = Field(
        None, description="From where; without it the fewest parcels over all locations that ship"
    )
    ttl_seconds: Annotated[int, Field(ge=1, strict=True)] | None = Field(None, examples=[600])

    @model_validator(mode="after")
    def _each_sku_once(self) -> "ReservationBody":
        if len({line.sku for line in self.lines}) < len(self.lines):
            raise ValueError("lines: each sku may stand in one line only")
        return self


class ReservationShown(BaseModel):
    reservation_id: str = Field(examples=["019a1f6e-7c1b-7d5c-9a53-0d7f3b7f2f11"])
    reference: str
    channel: str
    state: str = Field(examples=["held"])
    expires_at: Instant | None
    created_at: Instant
    allocations: list[Allocation]
    lines: list["LineShown"]
    awaited: list[AwaitedUnits] | None = Field(None, description="What is still to come, of one that is `backordered`")


class LineShown(BaseModel):
    """quantity = open + in_transit + fulfilled + released; what is in transit still travels to the place."""

    sku: Sku
    location_id: LocationId
    quantity: int
    open: int
    fulfilled: int
    released: int
    in_transit: int = 0


class FulfilLine(Wire):
    sku: Sku
    quantity: Quantity
    location_id: LocationId | None = Field(None, description="Any of its places without it")


class FulfilBody(Wire):
    lines: Annotated[list[FulfilLine], Field(min_length=1, max_length=LINES_LIMIT)] | None = Field(
        None, description="Without lines: everything that is open"
    )


def reserving(clock: Clock) -> Decide[Reserve]:
    async def decide(transaction: Transaction, commands: Sequence[Reserve]) -> list[Outcome]:
        return [_answer(outcome, 201) for outcome in await reserve(transaction, commands, clock())]

    return decide


def changing(clock: Clock) -> Decide[Change]:
    async def decide(transaction: Transaction, changes: Sequence[Change]) -> list[Outcome]:
        return [_answer(outcome, 200) for outcome in await change_reservations(transaction, changes, clock())]

    return decide


def _answer(outcome: Reservation | DomainError, status: int) -> Outcome:
    return outcome if isinstance(outcome, DomainError) else Answer(status, to_json(_shown(outcome)))


def _shown(reservation: Reservation) -> dict[str, Any]:
    """A `ReservationShown`, as its members: they are answered by the hundred."""
    return {
        "reservation_id": reservation.reservation_id,
        "reference": reservation.reference,
        "channel": reservation.channel,
        "state": reservation.state,
        "expires_at": reservation.expires_at,
        "created_at": reservation.created_at,
        "allocations": [
            {"sku": line.sku, "location_id": line.location_id, "quantity": line.quantity}
            for line in reservation.promised
        ],
        "lines": [
            {
                "sku": line.sku,
                "location_id": line.location_id,
                "quantity": line.quantity,
                "open": line.open,
                "fulfilled": line.fulfilled,
                "released": line.quantity - line.promised - line.fulfilled,
                "in_transit": line.in_transit,
            }
            for line in reservation.promised
        ],
        **({"awaited": awaited(reservation)} if reservation.owed else {}),
    }


@router.post(
    "",
    status_code=201,
    summary="Reserve stock",
    description="Holds every line or none, against what is available at this very moment. 409 `insufficient_stock`"
    " names the shortages: what its channel may see and sell of it. The hold lapses at `expires_at` unless it is"
    " confirmed; without `ttl_seconds` its channel says how long it is held.",
    response_model=ReservationShown,
    responses=responses(
        "unauthenticated",
        "forbidden",
        "insufficient_stock",
        "channel_closed",
        "request_in_flight",
        "invalid_request",
        "unknown_sku",
        "unknown_location",
        "idempotency_key_reused",
        "overloaded",
    ),
    dependencies=[allow("operator", "storefront")],
    openapi_extra=KEYED,
)
async def place(body: ReservationBody, request: Request) -> Response:
    doors = inventory(request)
    return await doors.reserve(command_of(body, doors), await request_key(request))


def command_of(body: ReservationBody, doors: Doors) -> Reserve:
    """Raises InvalidRequest where it asks for too long a hold."""
    seconds = body.ttl_seconds or doors.settings.hold_seconds
    if seconds > doors.settings.hold_limit_seconds:
        raise InvalidRequest("/ttl_seconds", f"at most {doors.settings.hold_limit_seconds} seconds")
    sourcing = body.sourcing
    return Reserve(
        reference=body.reference,
        channel=body.channel,
        lines={line.sku: line.quantity for line in body.lines},
        policy=sourcing.policy if sourcing else "fewest_splits",
        candidates=sourcing.candidates if sourcing else None,
        keep_back=sourcing.keep_back if sourcing else {},
        tiers=sourcing.tiers if sourcing else (),
        ttl=timedelta(seconds=seconds),
        ttl_by_default=body.ttl_seconds is None,
    )


@router.get(
    "/{reservation_id}",
    summary="One reservation",
    description="Its state, and of each line what is open, fulfilled and released.",
    response_model=ReservationShown,
    responses=responses("unauthenticated", "forbidden", "not_found"),
    dependencies=[allow("operator", "storefront", "store-staff")],
)
async def get(reservation_id: ReservationId, doors: Inventory) -> Response:
    async with doors.database.reading() as connection:
        found = await store.load(connection, reservation_id)
    if found is None:
        raise DomainError("not_found", f"There is no reservation {reservation_id}.")
    return Answer(200, to_json(_shown(found))).response()


_CHANGES: Any = responses("unauthenticated", "forbidden", "not_found", "illegal_transition", "request_in_flight")
_Asking = Annotated[Principal, allow("operator", "storefront")]


@router.post(
    "/{reservation_id}/confirm",
    summary="Confirm a reservation",
    description="A held one no longer lapses. Confirming twice changes nothing.",
    response_model=ReservationShown,
    responses=_CHANGES,
)
async def confirm(reservation_id: ReservationId, doors: Inventory, principal: _Asking, key: Key) -> Response:
    return await doors.change_reservation(_change(doors, principal, reservation_id, "confirm"), key)


@router.post(
    "/{reservation_id}/release",
    summary="Release a reservation",
    description="Gives back what is still open, at once. Releasing twice changes nothing.",
    response_model=ReservationShown,
    responses=_CHANGES,
)
async def release(reservation_id: ReservationId, doors: Inventory, principal: _Asking, key: Key) -> Response:
    return await doors.change_reservation(_change(doors, principal, reservation_id, "release"), key)


@router.post(
    "/{reservation_id}/fulfil",
    summary="Fulfil a reservation",
    description="The units leave the shelf for the customer: all that is open, or the lines named.",
    response_model=ReservationShown,
    responses={**_CHANGES, **responses("invalid_request")},
)
async def fulfil(
    reservation_id: ReservationId,
    doors: Inventory,
    principal: _Asking,
    key: Key,
    body: FulfilBody | None = None,
) -> Response:
    change = _change(doors, principal, reservation_id, "fulfil", body.lines if body else None)
    return await doors.change_reservation(change, key)


def _change(
    doors: Doors, principal: Principal, reservation_id: str, command: str, lines: Sequence[FulfilLine] | None = None
) -> Change:
    wanted = {(line.sku, line.location_id): line.quantity for line in lines} if lines else None
    if wanted is not None and lines is not None and len(wanted) < len(lines):
        raise InvalidRequest("/lines", "each sku and location may stand in one line only")
    return Change(
        reservation_id, command, SOURCE, new_id(), actor=principal.actor, occurred_at=doors.clock(), wanted=wanted
    )
