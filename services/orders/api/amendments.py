"""HTTP door: changing orders."""

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import ConfigDict, Field

from services.orders.api.answers import Order
from services.orders.api.doors import OrdersDoors
from services.orders.api.values import LINES_LIMIT, OrderId, Reason
from services.orders.usecases.amendments import Amend
from shared.contracts.orders import Destination
from shared.contracts.values import QUANTITY_LIMIT, Sku, Wire
from shared.errors import InvalidRequest
from shared.http.auth import Key, allow
from shared.http.problems import responses

router = APIRouter(prefix="/v1/orders", tags=["orders"])


class AmendedLine(Wire):
    sku: Sku
    quantity: Annotated[int, Field(strict=True, ge=0, le=QUANTITY_LIMIT)] = Field(
        description="So many units are wanted from now on, those handed over included; 0 takes the item off"
    )


class AmendmentBody(Wire):
    """What is different from now on, and why; what is not named stays."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"lines": [{"sku": "995242", "quantity": 1}], "reason": "one is enough"}}
    )

    lines: Annotated[list[AmendedLine], Field(min_length=1, max_length=LINES_LIMIT)] | None = Field(
        None, description="Items of which fewer units are wanted"
    )
    destination: Destination | None = Field(None, description="Where it is sent instead, while nothing has left yet")
    reason: Reason = Field(examples=["one is enough"])


@router.post(
    "/{order_id}/amend",
    summary="Change an order",
    description="A quantity can be lowered as long as the units are neither shipped nor collected, the destination"
    " changed while nothing has left; also while the order is pending. What is not wanted any more is cancelled, and"
    " its promise given back at once; the places that the rest is promised from stay. Answers with the order. A change"
    " that changes nothing is none; an order in a final state is 409 `illegal_transition`.",
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
    dependencies=[allow("storefront", "operator")],
)
async def post(order_id: OrderId, body: AmendmentBody, doors: OrdersDoors, key: Key) -> Response:
    if body.lines is None and body.destination is None:
        raise InvalidRequest("/lines", "say what is to change: lines, the destination, or both")
    lines = None if body.lines is None else _units(body.lines)
    destination = None if body.destination is None else body.destination.model_dump(mode="json")
    return await doors.amend(Amend(order_id, lines, destination, body.reason), key)


def _units(lines: list[AmendedLine]) -> dict[str, int]:
    """Units of each item. Raises `invalid_request` where one stands in two lines."""
    units: dict[str, int] = {}
    for place, line in enumerate(lines):
        if line.sku in units:
            raise InvalidRequest(f"/lines/{place}/sku", f"{line.sku} stands in an earlier line already")
        units[line.sku] = line.quantity
    return units
