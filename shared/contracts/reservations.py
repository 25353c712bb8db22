"""Promises of stock (`zaiko.reservations`, key reference)."""

from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.event import EventType
from shared.contracts.values import Allocation, Channel, Instant, LocationId, OpenWire, Reference, Sku

TOPIC = "zaiko.reservations"

Policy = Literal["single_location", "fewest_splits", "in_order"]
ReservationState = Literal["held", "confirmed", "fulfilled", "released", "expired"]


class Sourcing(OpenWire):
    """From where a promise may be kept: the candidates in order of preference, and how they may be combined."""

    policy: Policy = "fewest_splits"
    candidates: Annotated[list[LocationId], Field(min_length=1, max_length=500)]


class Shortage(OpenWire):
    sku: Sku
    requested: int
    available: int


class ReservationChanged(OpenWire):
    """A reservation after a change of state; `moved` are the units that this very change fulfilled or released."""

    reservation_id: str
    reference: Reference
    channel: Channel
    state: ReservationState
    expires_at: Instant | None = None
    allocations: list[Allocation]
    moved: list[Allocation] = Field(default_factory=list)


class ReservationRejected(OpenWire):
    """Nothing was held: these items fall short at every candidate."""

    reservation_id: str
    reference: Reference
    channel: Channel
    shortages: list[Shortage]


HELD = EventType("zaiko.reservation.held.v1", TOPIC, ReservationChanged, lambda data: data.reference)
REJECTED = EventType("zaiko.reservation.rejected.v1", TOPIC, ReservationRejected, lambda data: data.reference)
CONFIRMED = EventType("zaiko.reservation.confirmed.v1", TOPIC, ReservationChanged, lambda data: data.reference)
RELEASED = EventType("zaiko.reservation.released.v1", TOPIC, ReservationChanged, lambda data: data.reference)
EXPIRED = EventType("zaiko.reservation.expired.v1", TOPIC, ReservationChanged, lambda data: data.reference)
FULFILLED = EventType("zaiko.reservation.fulfilled.v1", TOPIC, ReservationChanged, lambda data: data.reference)
