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
    collected_by: str | None = Field(
        None, description="Who came for it where it was not the customer", examples=["Hanako Sato"]
    )


class PickupLineShort(OpenWire):
    """Units that could not be found on the shelf; they are taken off the order, or asked for from elsewhere."""

    pickup_id: PickupId
    order_id: OrderId
    reservation_id: ReservationId
    location_id: LocationId
    lines: list[SkuQuantity] = Field(description="The units that are missing")
    is_last: bool = Field(False, description="Whether nothing is left of the bag, so that the store gives it up")
    reason: Reason = Field(examples=["not on the shelf"])


class PickupRated(OpenWire):
    """What the customer says of a bag that was collected."""

    pickup_id: PickupId
    order_id: OrderId
    location_id: LocationId
    stars: int = Field(ge=1, le=5, description="From 1 to 5", examples=[5])
    words: str | None = Field(None, description="In the customer's words", examples=["ready before I was"])


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
LATE = _changed("late", "A bag is not ready at the time that was said.")
REMINDED = _changed("reminded", "A bag will soon be held no longer: its customer should be reminded.")
RATED = EventType(
    "zaiko.pickup.rated.v1",
    TOPIC,
    PickupRated,
    lambda data: data.order_id,
    "The customer has said how it was.",
)
