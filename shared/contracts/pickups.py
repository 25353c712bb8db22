"""Bags at the counter (`zaiko.pickups`, key order_id)."""

from shared.contracts.event import EventType
from shared.contracts.values import Instant, LocationId, OpenWire, SkuQuantity

TOPIC = "zaiko.pickups"


class PickupChanged(OpenWire):
    """A pickup after a step; `lines` are the units that are still to be handed over, or that were."""

    pickup_id: str
    order_id: str
    reservation_id: str
    location_id: LocationId
    lines: list[SkuQuantity]
    due_at: Instant | None = None
    held_until: Instant | None = None
    reason: str | None = None


class PickupLineShort(OpenWire):
    """Units that could not be found on the shelf; they are taken off the order."""

    pickup_id: str
    order_id: str
    reservation_id: str
    location_id: LocationId
    lines: list[SkuQuantity]
    reason: str


REQUESTED = EventType("zaiko.pickup.requested.v1", TOPIC, PickupChanged, lambda data: data.order_id)
PICKING = EventType("zaiko.pickup.picking.v1", TOPIC, PickupChanged, lambda data: data.order_id)
LINE_SHORT = EventType("zaiko.pickup.line_short.v1", TOPIC, PickupLineShort, lambda data: data.order_id)
READY = EventType("zaiko.pickup.ready.v1", TOPIC, PickupChanged, lambda data: data.order_id)
COLLECTED = EventType("zaiko.pickup.collected.v1", TOPIC, PickupChanged, lambda data: data.order_id)
EXPIRED = EventType("zaiko.pickup.expired.v1", TOPIC, PickupChanged, lambda data: data.order_id)
CANCELLED = EventType("zaiko.pickup.cancelled.v1", TOPIC, PickupChanged, lambda data: data.order_id)
