"""Slots at the counter: half hours in which an order is to be collected, wished for and granted store by store.

The wish (`zaiko.orders`) and its answer (`zaiko.pickups`) stand in one file, because one is made for the other.
"""

from pydantic import Field

from shared.contracts import orders, pickups
from shared.contracts.event import EventType
from shared.contracts.values import Channel, Instant, LocationId, OpenWire, OrderId, Reason


class SlotTime(OpenWire):
    """A time span in which a bag may be collected."""

    starts_at: Instant
    ends_at: Instant


class OrderSlotRequested(OpenWire):
    """Asks pickup for a place in a slot. Until it is granted the order is pending, whatever stock says."""

    order_id: OrderId
    location_id: LocationId
    starts_at: Instant
    lines: int = Field(ge=1, description="How many items are to be picked", examples=[3])


class OrderWithdrawn(OpenWire):
    """An order that had asked for a slot is at its end: its slot is free again, and whatever stock was held for it."""

    order_id: OrderId
    channel: Channel


class SlotTaken(OpenWire):
    """The order has a place in the slot, until the order is at its end."""

    order_id: OrderId
    location_id: LocationId
    starts_at: Instant
    ends_at: Instant
    reason: Reason | None = None


class SlotRefused(OpenWire):
    """The order cannot be collected then."""

    order_id: OrderId
    location_id: LocationId
    starts_at: Instant
    code: str = Field(description="`slot_full`, or `slot_not_offered` for a time at which the store has none")
    reason: Reason = Field(examples=["The slot is full."])
    next_slots: list[SlotTime] = Field(description="The next ones that are free, the earliest first")


REQUESTED = EventType(
    "zaiko.order.slot_requested.v1",
    orders.TOPIC,
    OrderSlotRequested,
    lambda data: data.order_id,
    "A customer wants to collect an order at a certain time.",
)
WITHDRAWN = EventType(
    "zaiko.order.withdrawn.v1",
    orders.TOPIC,
    OrderWithdrawn,
    lambda data: data.order_id,
    "An order with a slot is rejected or cancelled: what it was granted is free again.",
)
TAKEN = EventType(
    "zaiko.pickup.slot_taken.v1",
    pickups.TOPIC,
    SlotTaken,
    lambda data: data.order_id,
    "An order has its place in a slot.",
)
REFUSED = EventType(
    "zaiko.pickup.slot_refused.v1",
    pickups.TOPIC,
    SlotRefused,
    lambda data: data.order_id,
    "A slot has no place for an order.",
)
