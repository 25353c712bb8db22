"""HTTP door: places that will not give what is promised from them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import ConfigDict, Field

from services.orders.api.answers import Order
from services.orders.api.doors import OrdersDoors, UseCase
from services.orders.api.values import Lines, OrderId, Reason, units_by_sku
from services.orders.domain import orders as domain
from services.orders.usecases.elsewhere import Repairs
from services.orders.usecases.reassignments import Reject, reject
from shared.contracts.values import LocationId, Wire
from shared.database import Transaction
from shared.errors import DomainError
from shared.http.auth import Key, allow
from shared.http.problems import responses
from shared.principal import Principal

router = APIRouter(prefix="/v1/orders", tags=["orders"])


class RejectionBody(Wire):
    """What the place will not give, and why."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"lines": [{"sku": "995242", "quantity": 1}], "reason": "damaged on the shelf"}}
    )

    lines: Lines | None = Field(None, description="Without lines: everything that is still to leave the place")
    reason: Reason = Field(examples=["damaged on the shelf"])


def rejecting(repairs: Repairs) -> UseCase[Reject]:
    """The use case as its door takes it."""

    async def decide(
        transaction: Transaction, commands: Sequence[Reject], now: datetime
    ) -> Sequence[domain.Order | DomainError]:
        return await reject(transaction, commands, now, repairs)

    return decide


@router.post(
    "/{order_id}/allocations/{location_id}/reject",
    summary="Reject an allocation",
    description="A store or warehouse says that it will not give units that are promised from it, whatever the books"
    " say. They are asked for from the next best places at once, but for those that have failed the order before, and"
    " after so many tries as the settings allow they are cancelled; the timeline tells each decision with its reason."
    " Answers with the order, in which the units move a moment later. The allocation of a pickup order is given up by"
    " its counter; once its bag is begun, report what is short there: here that is 409 `illegal_transition`. Store"
    " staff reject for their own store.",
    response_model=Order,
    responses=responses(
        "unauthenticated",
        "forbidden",
        "not_found",
        "illegal_transition",
        "request_in_flight",
        "invalid_request",
        "idempotency_key_reused",
        "overloaded",
    ),
)
async def post(
    order_id: OrderId,
    location_id: Annotated[LocationId, Path()],
    body: RejectionBody,
    doors: OrdersDoors,
    principal: Annotated[Principal, allow("operator", "store-staff")],
    key: Key,
) -> Response:
    principal.require_location(location_id)
    lines = None if body.lines is None else units_by_sku(body.lines)
    return await doors.reject(Reject(order_id, location_id, lines, body.reason), key)
