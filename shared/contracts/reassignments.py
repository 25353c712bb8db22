"""Places that fail an order: its units are wanted from elsewhere (`zaiko.orders`), and what became of that.

The question and its answer (`zaiko.reservations`) stand in one file, because one is made for the other.
"""

from pydantic import Field

from shared.contracts import orders, reservations
from shared.contracts.event import EventType
from shared.contracts.reservations import MovedUnits, ReservationState, Sourcing
from shared.contracts.values import (
    Allocation,
    Channel,
    LocationId,
    OpenWire,
    OrderId,
    Reason,
    Reference,
    ReservationId,
    SkuQuantity,
)

TOPIC = orders.TOPIC
"""Of the question; the answer goes where all answers go."""


class OrderReassignmentRequested(OpenWire):
    """Asks inventory to promise units from elsewhere that a place will not give, whatever its books say.

    `together`: all of them from one place, or none; else as many as the candidates have.
    """

    order_id: OrderId
    reservation_id: ReservationId
    location_id: LocationId
    lines: list[SkuQuantity]
    sourcing: Sourcing
    together: bool = Field(False, description="Whether they must all come from one place")
    reason: Reason = Field(examples=["rejected: damaged on the shelf"])


class ReservationReassigned(OpenWire):
    """What became of units that an order wanted from elsewhere; `moved`, `short` and `kept` are all that it asked for.

    `short` units no candidate has: they are still promised where they were, and the order decides about them. `kept`
    units are not promised there any more.
    """

    reservation_id: ReservationId
    reference: Reference
    channel: Channel
    state: ReservationState
    allocations: list[Allocation]
    location_id: LocationId
    moved: list[MovedUnits] = Field(default_factory=list)
    short: list[SkuQuantity] = Field(default_factory=list)
    kept: list[SkuQuantity] = Field(default_factory=list)


REQUESTED = EventType(
    "zaiko.order.reassignment_requested.v1",
    TOPIC,
    OrderReassignmentRequested,
    lambda data: data.order_id,
    "A place will not give units of an order: they are asked for from elsewhere.",
)
REASSIGNED = EventType(
    "zaiko.reservation.reassigned.v1",
    reservations.TOPIC,
    ReservationReassigned,
    lambda data: data.reference,
    "Units that a place will not give were moved to others, or no other has them.",
)
