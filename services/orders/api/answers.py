"""What the HTTP doors of orders answer."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from services.orders.domain.awaited import all_promised_by
from services.orders.domain.states import Method, State, line_state
from services.orders.store import views
from shared.contracts.orders import Fulfilment, ReturnedLine
from shared.contracts.reservations import AwaitedUnits, Shortage
from shared.contracts.tills import ReceiptName
from shared.contracts.values import Channel, Instant, LocationId, Money, Sku, SkuQuantity
from shared.database import Connection

EXAMPLE: JsonDict = {
    "order_id": "01890a5d-a7c1-7e33-9f2a-5c2d4a1be001",
    "channel": "web",
    "external_id": "W-2207",
    "member_id": "900",
    "state": "partially_shipped",
    "lines": [
        {
            "sku": "995242",
            "state": "partially_shipped",
            "quantity": 2,
            "unit_price": {"amount": 1290, "currency": "JPY"},
            "cancelled": 0,
            "shipped": 1,
            "collected": 0,
            "returned": 0,
        }
    ],
    "allocations": [
        {"sku": "995242", "location_id": "S367", "quantity": 1, "cancelled": 0, "handed_over": 0},
        {"sku": "995242", "location_id": "W1", "quantity": 1, "cancelled": 0, "handed_over": 1},
    ],
    "fulfilment": {
        "method": "ship",
        "destination": {"country": "JP", "postal_code": "104-0061", "latitude": 35.67, "longitude": 139.76},
        "policy": "fewest_splits",
    },
    "total": {"amount": 2580, "currency": "JPY"},
    "reservation_id": "01890a5d-a8f0-7b1c-8d5e-2f9c11aa7c42",
    "shortages": None,
    "shipments": [
        {
            "shipment_id": "01890a5e-11c2-7d0a-b6f1-0c2f5b7d9e11",
            "location_id": "W1",
            "lines": [{"sku": "995242", "quantity": 1}],
            "carrier": "Yamato",
            "tracking": "4912-3456",
            "shipped_at": "2017-11-20T09:40:00Z",
        }
    ],
    "returns": [],
    "created_at": "2017-11-20T09:00:00Z",
    "timeline": [
        {"state": "pending", "at": "2017-11-20T09:00:00Z", "cause": "zaiko.order.placed.v1", "reason": None},
        {"state": "confirmed", "at": "2017-11-20T09:00:01Z", "cause": "zaiko.reservation.held.v1", "reason": None},
        {"state": "partially_shipped", "at": "2017-11-20T09:40:00Z", "cause": "shipment", "reason": "from W1"},
    ],
}


class Line(BaseModel):
    """Units of one item. Still open are quantity - cancelled - shipped - collected."""

    sku: Sku
    awaited: int = Field(0, description="Of the open units those that are still to come")
    promised_by: Instant | None = Field(None, description="When the awaited units will be there, if that can be said")
    state: State = Field(State.PENDING, description="As an order would be that has this line alone")
    quantity: int = Field(description="Ordered")
    unit_price: Money
    cancelled: int = 0
    shipped: int = 0
    collected: int = 0
    returned: int = Field(0, description="Came back after they were shipped or collected")


class OrderAllocation(BaseModel):
    """Units of one item from one place. Still to be handed over are quantity - cancelled - handed_over."""

    sku: Sku
    location_id: LocationId
    quantity: int = Field(description="Promised")
    cancelled: int
    handed_over: int = Field(description="Shipped, or collected at the counter")


class Shipment(BaseModel):
    shipment_id: str
    location_id: LocationId
    lines: list[SkuQuantity]
    carrier: str | None = None
    tracking: str | None = None
    shipped_at: Instant


class Return(BaseModel):
    return_id: str
    location_id: LocationId
    lines: list[ReturnedLine]
    reason: str | None = None
    receipt: ReceiptName | None = Field(None, description="Where a till took them back: its receipt")
    returned_at: Instant


class TimelineStep(BaseModel):
    """The state after a step, and why: `cause` is an event type or a command."""

    state: State
    at: Instant
    cause: str
    reason: str | None = None


class OrderRejection(BaseModel):
    """A reason that is not want of stock: no slot, or a closed channel."""

    code: str = Field(description="Stable; meant for programs", examples=["slot_full"])
    detail: str = Field(examples=["The slot is full."])
    more: dict[str, Any] = Field(default_factory=dict, description="For `slot_full` the `next_slots` that are free")


class Order(BaseModel):
    """An order with everything that happened to it."""

    model_config = ConfigDict(json_schema_extra={"example": EXAMPLE})

    order_id: str
    channel: Channel
    external_id: str | None = None
    member_id: str | None = None
    state: State
    lines: list[Line]
    allocations: list[OrderAllocation] = Field(description="From where it is promised now, once it is confirmed")
    fulfilment: Fulfilment
    total: Money = Field(description="As ordered, before cancellations and returns")
    reservation_id: str | None = Field(None, description="Inventory's promise, once there is one")
    shortages: list[Shortage] | None = Field(None, description="Why it was rejected")
    backorder: bool = Field(False, description="Whether it would wait for what is not there")
    awaited: list[AwaitedUnits] | None = Field(None, description="What is still to come, while it is `backordered`")
    rejection: OrderRejection | None = Field(None, description="Why it was rejected, where it is not for want of stock")
    shipments: list[Shipment]
    returns: list[Return]
    created_at: Instant
    timeline: list[TimelineStep]

    @model_validator(mode="after")
    def _lines_have_states(self) -> "Order":
        method = Method(self.fulfilment.method)
        for line in self.lines:
            handed_over = line.shipped + line.collected
            awaited = [units for units in self.awaited or () if units.sku == line.sku]
            line.awaited = sum(units.quantity for units in awaited)
            line.promised_by = all_promised_by(awaited)
            is_there = self.state is State.BACKORDERED and not awaited
            state = State.CONFIRMED if is_there else self.state
            line.state = line_state(state, method, line.quantity, line.cancelled, handed_over)
        return self


async def shown(connection: Connection, order_ids: Sequence[str]) -> list[Order | None]:
    """Each order as it stands, in the order asked; None where no order has this id."""
    documents = await views.many(connection, order_ids)
    return [None if document is None else Order.model_validate_json(document) for document in documents]
