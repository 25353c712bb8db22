"""Units that travel from another place to the store where an order is collected (`zaiko.pickups`), and their promise.

The facts and what they do to the promise (`zaiko.reservations`) stand in one file, because one follows from the other.
"""

from typing import Annotated

from pydantic import Field

from shared.contracts import pickups, reservations
from shared.contracts.event import EventType
from shared.contracts.reservations import MovedUnits, ReservationState
from shared.contracts.values import (
    Allocation,
    Channel,
    Instant,
    LocationId,
    OpenWire,
    OrderId,
    PickupId,
    Reference,
    ReservationId,
    SkuQuantity,
)

TransferId = Annotated[
    str, Field(description="The transfer, a UUID", examples=["019a1f6e-7c1b-7d5c-9a53-0d7f3b7f2f66"])
]


class TransferChanged(OpenWire):
    """A transfer after a step; `lines` are the units that left."""

    transfer_id: TransferId
    pickup_id: PickupId
    order_id: OrderId
    reservation_id: ReservationId
    from_location_id: LocationId
    to_location_id: LocationId
    lines: list[SkuQuantity]
    due_at: Instant | None = Field(None, description="When it is to be at the store")


class ReservationTransferred(OpenWire):
    """Units of a promise have left their place, and are promised at the store that they travel to.

    Units that left and were not promised any more are not among the `moved`: they arrive as free stock.
    """

    reservation_id: ReservationId
    reference: Reference
    channel: Channel
    state: ReservationState
    allocations: list[Allocation]
    moved: list[MovedUnits]


SENT = EventType(
    "zaiko.pickup.transfer_sent.v1",
    pickups.TOPIC,
    TransferChanged,
    lambda data: data.order_id,
    "Units of a bag have left another place, and travel to its store.",
)
RECEIVED = EventType(
    "zaiko.pickup.transfer_received.v1",
    pickups.TOPIC,
    TransferChanged,
    lambda data: data.order_id,
    "Units of a bag have arrived at its store.",
)
TRANSFERRED = EventType(
    "zaiko.reservation.transferred.v1",
    reservations.TOPIC,
    ReservationTransferred,
    lambda data: data.reference,
    "Units of a promise travel to the store where they are collected, and are promised there.",
)
