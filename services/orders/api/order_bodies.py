"""What a customer orders, as it comes in: its shape, and what no single field can tell."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field

from services.orders.api.values import LINES_LIMIT, Identifier, Label
from shared.contracts.orders import Fulfilment, OrderLine, PickupFulfilment
from shared.contracts.values import Channel, Wire
from shared.errors import InvalidRequest

TOTAL_LIMIT = 10**15
"""Minor units, like any amount of money here."""

EXAMPLES: Any = {
    "ship": {
        "summary": "Shipped to a customer",
        "value": {
            "channel": "web",
            "external_id": "W-2207",
            "member_id": "900",
            "currency": "JPY",
            "lines": [{"sku": "995242", "quantity": 2, "unit_price": {"amount": 1290, "currency": "JPY"}}],
            "fulfilment": {
                "method": "ship",
                "destination": {"country": "JP", "postal_code": "104-0061", "latitude": 35.67, "longitude": 139.76},
            },
        },
    },
    "pickup": {
        "summary": "Collected at a store",
        "value": {
            "channel": "app",
            "currency": "JPY",
            "lines": [{"sku": "995242", "quantity": 1, "unit_price": {"amount": 1290, "currency": "JPY"}}],
            "fulfilment": {"method": "pickup", "location_id": "S367"},
        },
    },
    "preorder": {
        "summary": "Of an item that is not out yet, or not all there",
        "value": {
            "channel": "web",
            "currency": "JPY",
            "lines": [{"sku": "995242", "quantity": 2, "unit_price": {"amount": 1290, "currency": "JPY"}}],
            "fulfilment": {"method": "ship", "destination": {"country": "JP"}},
            "backorder": True,
        },
    },
}


class OrderBody(Wire):
    """What a customer orders."""

    channel: Channel
    external_id: Label | None = Field(
        None, description="The channel's own name for it: placed again, it answers with the first order"
    )
    member_id: Label | None = None
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="ISO 4217, of every unit price")]
    lines: Annotated[list[OrderLine], Field(min_length=1, max_length=LINES_LIMIT)]
    fulfilment: Fulfilment
    reservation_id: Identifier | None = Field(None, description="Of the cart, if it holds stock already")
    backorder: bool = Field(
        False, description="Whether it would wait: what is not there, or not out yet, is promised from what is expected"
    )


def check(body: OrderBody) -> None:
    """What no single field can tell. Raises `invalid_request` with the field at fault."""
    skus: set[str] = set()
    for number, line in enumerate(body.lines):
        if line.sku in skus:
            raise InvalidRequest(f"/lines/{number}/sku", f"{line.sku} stands in an earlier line already")
        if line.unit_price.currency != body.currency:
            raise InvalidRequest(f"/lines/{number}/unit_price/currency", f"the order is in {body.currency}")
        if line.unit_price.amount < 0:
            raise InvalidRequest(f"/lines/{number}/unit_price/amount", "a price is not below 0")
        skus.add(line.sku)
    if body.backorder and isinstance(body.fulfilment, PickupFulfilment) and body.fulfilment.slot is not None:
        raise InvalidRequest("/backorder", "an order that would wait takes no slot: it is known later when it is there")
    if isinstance(body.fulfilment, PickupFulfilment) and body.fulfilment.ship_to_store:
        _check_ship_to_store(body, body.fulfilment)
    if total(body.lines) > TOTAL_LIMIT:
        raise InvalidRequest("/lines", f"the total is at most {TOTAL_LIMIT} minor units")


def _check_ship_to_store(body: OrderBody, fulfilment: PickupFulfilment) -> None:
    if body.backorder:
        raise InvalidRequest("/backorder", "what is sent to a store is not waited for: order it without ship_to_store")
    if fulfilment.slot is not None:
        raise InvalidRequest("/fulfilment/slot", "what is sent to a store is there when it is: it takes no slot")
    if fulfilment.alternatives:
        raise InvalidRequest("/fulfilment/alternatives", "what is sent to a store is collected there, at no other one")


def total(lines: Sequence[OrderLine]) -> int:
    """Minor units."""
    return sum(line.quantity * line.unit_price.amount for line in lines)
