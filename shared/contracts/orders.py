"""What customers ordered (`zaiko.orders`, key order_id). An order's reservation has the order_id as its reference."""

from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.event import EventType
from shared.contracts.locations import Latitude, Longitude
from shared.contracts.reservations import Policy, Shortage, Sourcing
from shared.contracts.values import (
    Allocation,
    Channel,
    LocationId,
    Money,
    OpenWire,
    Quantity,
    Sku,
    SkuQuantity,
    Wire,
)

TOPIC = "zaiko.orders"


class OrderLine(Wire):
    sku: Sku
    quantity: Quantity
    unit_price: Money


class Destination(Wire):
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$", description="ISO 3166-1 alpha-2", examples=["JP"])]
    postal_code: Annotated[str, Field(max_length=16)] | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None


class PickupFulfilment(Wire):
    method: Literal["pickup"]
    location_id: LocationId


class ShipFulfilment(Wire):
    method: Literal["ship"]
    destination: Destination
    policy: Policy = "fewest_splits"


Fulfilment = Annotated[PickupFulfilment | ShipFulfilment, Field(discriminator="method")]


class OrderPlaced(OpenWire):
    """Asks inventory for a promise: hold these lines at these candidates, or take over the cart's reservation."""

    order_id: str
    channel: Channel
    member_id: str | None = None
    lines: list[OrderLine]
    fulfilment: Fulfilment
    sourcing: Sourcing
    reservation_id: str | None = None


class OrderConfirmed(OpenWire):
    """The promise stands. Pickup orders become a bag at the counter, ship orders a parcel."""

    order_id: str
    channel: Channel
    member_id: str | None = None
    reservation_id: str
    fulfilment: Fulfilment
    allocations: list[Allocation]


class OrderRejected(OpenWire):
    order_id: str
    channel: Channel
    shortages: list[Shortage]


class OrderCancelled(OpenWire):
    """These units will not be handed over; `complete` tells that nothing is left of the order.

    `reservation_id` is absent where nothing was promised yet.
    """

    order_id: str
    channel: Channel
    reservation_id: str | None = None
    lines: list[SkuQuantity]
    complete: bool
    reason: str


class OrderShipped(OpenWire):
    order_id: str
    reservation_id: str
    shipment_id: str
    location_id: LocationId
    lines: list[SkuQuantity]
    carrier: str | None = None
    tracking: str | None = None


class ReturnedLine(Wire):
    sku: Sku
    quantity: Quantity
    condition: Literal["sellable", "damaged"] = "sellable"


class OrderReturned(OpenWire):
    """Units that came back, wherever the customer brought them."""

    order_id: str
    return_id: str
    location_id: LocationId
    lines: list[ReturnedLine]
    reason: str | None = None


class OrderCompleted(OpenWire):
    order_id: str
    channel: Channel


PLACED = EventType("zaiko.order.placed.v1", TOPIC, OrderPlaced, lambda data: data.order_id)
CONFIRMED = EventType("zaiko.order.confirmed.v1", TOPIC, OrderConfirmed, lambda data: data.order_id)
REJECTED = EventType("zaiko.order.rejected.v1", TOPIC, OrderRejected, lambda data: data.order_id)
CANCELLED = EventType("zaiko.order.cancelled.v1", TOPIC, OrderCancelled, lambda data: data.order_id)
SHIPPED = EventType("zaiko.order.shipped.v1", TOPIC, OrderShipped, lambda data: data.order_id)
RETURNED = EventType("zaiko.order.returned.v1", TOPIC, OrderReturned, lambda data: data.order_id)
COMPLETED = EventType("zaiko.order.completed.v1", TOPIC, OrderCompleted, lambda data: data.order_id)
