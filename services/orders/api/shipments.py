"""HTTP door: parcels that leave."""

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import ConfigDict, Field

from services.orders.api.answers import Order
from services.orders.api.doors import OrdersDoors
from services.orders.api.values import Label, Lines, OrderId, units_by_sku
from services.orders.domain.orders import Shipped
from services.orders.usecases.shipments import Ship
from shared.contracts.values import LocationId, Wire
from shared.http.auth import Key, allow
from shared.http.problems import responses
from shared.identifiers import new_id
from shared.principal import Principal

router = APIRouter(prefix="/v1/orders", tags=["orders"])


class ShipmentBody(Wire):
    """One parcel from one place."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "location_id": "W1",
                "lines": [{"sku": "995242", "quantity": 1}],
                "carrier": "Yamato",
                "tracking": "4912-3456",
            }
        }
    )

    location_id: LocationId
    lines: Lines
    carrier: Label | None = Field(None, examples=["Yamato"])
    tracking: Label | None = Field(None, examples=["4912-3456"])


@router.post(
    "/{order_id}/shipments",
    status_code=201,
    summary="Record a parcel",
    description="For confirmed orders that are shipped: at most what is promised from this place and has not left yet."
    " Answers with the order, the new parcel last in its `shipments`. Store staff ship from their own store.",
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
    body: ShipmentBody,
    doors: OrdersDoors,
    principal: Annotated[Principal, allow("operator", "store-staff")],
    key: Key,
) -> Response:
    principal.require_location(body.location_id)
    shipment = Shipped(new_id(), body.location_id, units_by_sku(body.lines), body.carrier, body.tracking)
    return await doors.ship(Ship(order_id, shipment), key)
