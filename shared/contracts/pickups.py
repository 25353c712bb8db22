"""Bags at the counter (`zaiko.pickups`, key order_id)."""

from pydantic import Field

from shared.contracts.event import EventType
from shared.contracts.values import Instant, LocationId, OpenWire, OrderId, PickupId, Reason, ReservationId, SkuQuantity

TOPIC = "zaiko.pickups"


class PickupChanged(OpenWire):
    """A pickup after a step; `lines` are the units that are still to be handed over, or that were."""

    pickup_id: PickupId
    order_id: OrderId
    reservation_id: ReservationId
    location_id: LocationId
    lines: list[SkuQuantity]
    due_at: Instant | None = Field(None, description="When the bag is to be ready")
    held_until: Instant | None = Field(None, description="Until when a ready bag waits for the customer")
    reason: Reason | None = Field(None, examples=["the customer called"])


class PickupLineShort(OpenWire):
    """Units that could not be found on the shelf; they are taken off the order."""

    pickup_id: PickupId
    order_id: OrderId
    reservation_id: ReservationId
    location_id: LocationId
    lines: list[SkuQuantity] = Field(description="The units that are missing")
    reason: Reason = Field(examples=["not on the shelf"])


def _changed(step: str, summary: str) -> EventType[PickupChanged]:
    return EventType(f"zaiko.pickup.{step}.v1", TOPIC, PickupChanged, lambda data: data.order_id, summary)


REQUESTED = _changed("requested", "A bag is to be made ready.")
PICKING = _changed("picking", "The store has begun to fill the bag.")
LINE_SHORT = EventType(
    "zaiko.pickup.line_short.v1",
    TOPIC,
    PickupLineShort,
    lambda data: data.order_id,
    "Units of a bag are not on the shelf.",
)
READY = _changed("ready", "The bag is at the counter, and the customer can come.")
COLLECTED = _changed("collected", "The customer has the bag.")
EXPIRED = _changed("expired", "Nobody came in time; the units go back on the shelf.")
CANCELLED = _changed("cancelled", "Nobody will collect the bag.")
