"""HTTP door: units that come back."""

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import ConfigDict, Field

from services.orders.api.answers import Order
from services.orders.api.doors import OrdersDoors
from services.orders.api.values import LINES_LIMIT, OrderId, Reason
from services.orders.domain.returns import Returned, ReturnedUnits
from services.orders.usecases.returns import TakeBack
from shared.contracts.orders import ReturnedLine
from shared.contracts.values import LocationId, Wire
from shared.http.auth import Key, allow
from shared.http.problems import responses
from shared.identifiers import new_id
from shared.principal import Principal

router = APIRouter(prefix="/v1/orders", tags=["orders"])


class ReturnBody(Wire):
    """What a customer brought back, wherever it was bought. One item may stand in several lines by its condition."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "location_id": "S367",
                "lines": [{"sku": "995242", "quantity": 1, "condition": "sellable"}],
                "reason": "too small",
            }
        }
    )

    location_id: LocationId
    lines: Annotated[list[ReturnedLine], Field(min_length=1, max_length=LINES_LIMIT)]
    reason: Reason | None = Field(None, examples=["too small"])


@router.post(
    "/{order_id}/returns",
    status_code=201,
    summary="Take units back",
    description="At any place, whichever channel sold them: never more than were shipped or collected and have not come"
    " back yet. Sellable units are stock there at once. Answers with the order, the new return last in its `returns`.",
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
    body: ReturnBody,
    doors: OrdersDoors,
    principal: Annotated[Principal, allow("operator", "store-staff", "storefront")],
    key: Key,
) -> Response:
    principal.require_location(body.location_id)
    lines = [ReturnedUnits(line.sku, line.quantity, line.condition) for line in body.lines]
    return await doors.take_back(TakeBack(order_id, Returned(new_id(), body.location_id, lines, body.reason)), key)
