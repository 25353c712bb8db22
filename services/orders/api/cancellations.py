"""HTTP door: cancelling orders."""

from fastapi import APIRouter, Response
from pydantic import ConfigDict, Field

from services.orders.api.answers import Order
from services.orders.api.doors import OrdersDoors
from services.orders.api.values import Lines, OrderId, Reason, units_by_sku
from services.orders.usecases.cancellations import Cancel
from shared.contracts.values import Wire
from shared.http.auth import Key, allow
from shared.http.problems import responses

router = APIRouter(prefix="/v1/orders", tags=["orders"])


class CancellationBody(Wire):
    """What is not wanted any more, and why."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"lines": [{"sku": "995242", "quantity": 1}], "reason": "ordered twice"}}
    )

    lines: Lines | None = Field(None, description="Without lines: everything that is not handed over yet")
    reason: Reason = Field(examples=["ordered twice"])


@router.post(
    "/{order_id}/cancel",
    summary="Cancel an order, or a part of it",
    description="Possible for units that are neither shipped nor collected, also while the order is pending. What was"
    " promised is given back at once. Answers with the order. An order in a final state is 409 `illegal_transition`.",
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
async def post(order_id: OrderId, body: CancellationBody, doors: OrdersDoors, key: Key) -> Response:
    lines = None if body.lines is None else units_by_sku(body.lines)
    return await doors.cancel(Cancel(order_id, lines, body.reason), key)
