"""What customers ordered (`zaiko.orders`, key order_id). An order's reservation has the order_id as its reference."""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from shared.contracts.event import EventType
from shared.contracts.locations import Latitude, Longitude
from shared.contracts.reservations import MovedUnits, Policy, Shortage, Sourcing
from shared.contracts.tills import ReceiptName
from shared.contracts.values import (
    WITHOUT_NUL,
    Allocation,
    Channel,
    Instant,
    LocationId,
    MemberId,
    Money,
    OpenWire,
    OrderId,
    Quantity,
    Reason,
    ReservationId,
    Sku,
    SkuQuantity,
    Wire,
)

TOPIC = "zaiko.orders"


class OrderLine(Wire):
    sku: Sku
    quantity: Quantity
    unit_price: Money = Field(description="What one unit costs the customer")


class Destination(Wire):
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$", description="ISO 3166-1 alpha-2", examples=["JP"])]
    postal_code: Annotated[str, Field(max_length=16)] | None = Field(
        None, description="As the country writes it", examples=["104-0061"]
    )
    latitude: Latitude | None = None
    longitude: Longitude | None = None


class Collector(Wire):
    """Somebody whom the customer sends to the counter."""

    name: Annotated[str, Field(min_length=1, max_length=100, pattern=WITHOUT_NUL, examples=["Hanako Sato"])]


class SlotWish(Wire):
    """The half hour in which the customer will come, by its beginning."""

    starts_at: Instant


class PickupFulfilment(Wire):
    """The customer collects it at a store."""

    method: Literal["pickup"]
    location_id: LocationId
    alternatives: bool = Field(
        False, description="Where the store fails the order, the nearest other store that has all of it may have it"
    )
    ship_to_store: bool = Field(
        False,
        description="What the store has not may come from other places: it is sent to the store, and collected there",
    )
    collector: Collector | None = Field(None, description="Who may come for it instead of the customer")
    slot: SlotWish | None = Field(None, description="When it will be collected; without one, any time once it is ready")


class ShipFulfilment(Wire):
    """It is sent to the customer."""

    method: Literal["ship"]
    destination: Destination = Field(description="Where to; with coordinates the nearest places are asked first")
    policy: Policy = Field("fewest_splits", description="How places may be combined; without it as routing says")


Fulfilment = Annotated[
    PickupFulfilment | ShipFulfilment,
    Field(discriminator="method", description="How the customer gets it"),
]
FULFILMENT: TypeAdapter[Fulfilment] = TypeAdapter(Fulfilment)


class OrderPlaced(OpenWire):
    """Asks inventory for a promise: hold these lines at these candidates, or take over the cart's reservation."""

    order_id: OrderId
    channel: Channel
    member_id: MemberId | None = None
    lines: list[OrderLine]
    fulfilment: Fulfilment
    sourcing: Sourcing = Field(description="Where inventory may promise from")
    backorder: bool = Field(False, description="Whether what is not there may be promised from what is expected")
    reservation_id: ReservationId | None = None


class OrderConfirmed(OpenWire):
    """The promise stands. Pickup orders become a bag at the counter, ship orders a parcel."""

    order_id: OrderId
    channel: Channel
    member_id: MemberId | None = None
    reservation_id: ReservationId
    fulfilment: Fulfilment
    allocations: list[Allocation]


class OrderRejected(OpenWire):
    """Nothing was promised, and the order is at its end."""

    order_id: OrderId
    channel: Channel
    shortages: list[Shortage]
    code: str = Field(
        "insufficient_stock",
        description="Why, as a stable code: others are `channel_closed`, `slot_full` and `slot_not_offered`",
        examples=["insufficient_stock"],
    )
    detail: str | None = Field(None, description="Why, in words", examples=["The slot is full."])


class OrderCancelled(OpenWire):
    """These units will not be handed over; `complete` tells that nothing is left of the order.

    `reservation_id` is absent where nothing was promised yet. `allocations` says which promised units come back, place
    by place; without them they come back from any place. They may be more than the `lines`: units that had been
    cancelled or shipped already when a promise for them was moved to another place.
    """

    order_id: OrderId
    channel: Channel
    reservation_id: ReservationId | None = None
    lines: list[SkuQuantity]
    allocations: list[Allocation] = Field(default_factory=list)
    complete: bool = Field(description="Whether nothing is left of the order")
    anywhere: bool = Field(
        False, description="Whether what is not promised at its place any more comes back from any other"
    )
    missed: bool = Field(
        False,
        description="Whether the store that packs the bag misses these units, wherever they were promised: what comes"
        " to it from there still comes",
    )
    reason: Reason


class OrderReallocationRequested(OpenWire):
    """Asks inventory to keep a promise from elsewhere: these units are not at their place any more.

    Without `sourcing` there is no other place: the customer collects at this one.
    """

    order_id: OrderId
    reservation_id: ReservationId
    sku: Sku
    location_id: LocationId
    quantity: Quantity
    sourcing: Sourcing | None = None


class OrderResourced(OpenWire):
    """A place has failed this order, and others keep the promise: it sold the units, or will not give them.

    `allocations` is from where all of the order is promised now, what has left or was cancelled included.
    `fulfilment` is there where the customer collects at another store than before, where the bag is asked for, and
    where the order is shipped to its store: what is promised from elsewhere comes to its bag.
    """

    order_id: OrderId
    channel: Channel
    member_id: MemberId | None = None
    reservation_id: ReservationId
    moved: list[MovedUnits]
    allocations: list[Allocation]
    fulfilment: Fulfilment | None = None


class OrderLineShort(OpenWire):
    """The shelf that a pickup order is promised from has too little. Its counter gives the units up, or has them."""

    order_id: OrderId
    reservation_id: ReservationId
    location_id: LocationId
    lines: list[SkuQuantity]
    reason: Reason


class OrderShipped(OpenWire):
    """A parcel with some of the order's units, or all."""

    order_id: OrderId
    reservation_id: ReservationId
    shipment_id: str = Field(description="The parcel, a UUID", examples=["019a1f6e-7c1b-7d5c-9a53-0d7f3b7f2f44"])
    location_id: LocationId
    lines: list[SkuQuantity]
    carrier: str | None = Field(None, description="Who carries it", examples=["Yamato"])
    tracking: str | None = Field(None, description="The carrier's number", examples=["4912-3456"])


class ReturnedLine(Wire):
    sku: Sku
    quantity: Quantity
    condition: Literal["sellable", "damaged"] = Field("sellable", description="Whether it goes back on the shelf")


class OrderReturned(OpenWire):
    """Units that came back, wherever the customer brought them."""

    order_id: OrderId
    return_id: str = Field(description="This return, a UUID", examples=["019a1f6e-7c1b-7d5c-9a53-0d7f3b7f2f55"])
    location_id: LocationId
    lines: list[ReturnedLine]
    reason: Reason | None = Field(None, examples=["too small"])
    receipt: ReceiptName | None = Field(
        None, description="Where a till took them back: its receipt. The stock has moved with the till's own return"
    )


class OrderCompleted(OpenWire):
    """Nothing of the order is outstanding any more."""

    order_id: OrderId
    channel: Channel


PLACED = EventType(
    "zaiko.order.placed.v1",
    TOPIC,
    OrderPlaced,
    lambda data: data.order_id,
    "A customer has ordered; inventory is asked for a promise.",
)
CONFIRMED = EventType(
    "zaiko.order.confirmed.v1", TOPIC, OrderConfirmed, lambda data: data.order_id, "Every unit is promised."
)
REJECTED = EventType(
    "zaiko.order.rejected.v1",
    TOPIC,
    OrderRejected,
    lambda data: data.order_id,
    "There is not enough; the order is at its end.",
)
CANCELLED = EventType(
    "zaiko.order.cancelled.v1",
    TOPIC,
    OrderCancelled,
    lambda data: data.order_id,
    "Some units, or all, will not be handed over.",
)
REALLOCATION_REQUESTED = EventType(
    "zaiko.order.reallocation_requested.v1",
    TOPIC,
    OrderReallocationRequested,
    lambda data: data.order_id,
    "Units promised to an order were sold on the shop floor: it asks for them from elsewhere.",
)
RESOURCED = EventType(
    "zaiko.order.resourced.v1",
    TOPIC,
    OrderResourced,
    lambda data: data.order_id,
    "Units of an order come from another place than was promised.",
)
LINE_SHORT = EventType(
    "zaiko.order.line_short.v1",
    TOPIC,
    OrderLineShort,
    lambda data: data.order_id,
    "Units of a pickup order were sold on the shop floor, and no other place may give them.",
)
SHIPPED = EventType("zaiko.order.shipped.v1", TOPIC, OrderShipped, lambda data: data.order_id, "A parcel has left.")
RETURNED = EventType(
    "zaiko.order.returned.v1", TOPIC, OrderReturned, lambda data: data.order_id, "Units of an order came back."
)
COMPLETED = EventType(
    "zaiko.order.completed.v1", TOPIC, OrderCompleted, lambda data: data.order_id, "Everything is handed over."
)
