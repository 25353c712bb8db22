"""Promises of stock (`zaiko.reservations`, key reference)."""

from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.event import EventType
from shared.contracts.values import (
    QUANTITY_LIMIT,
    Allocation,
    Channel,
    Instant,
    LocationId,
    OpenWire,
    Quantity,
    Reference,
    ReservationId,
    Sku,
)

TOPIC = "zaiko.reservations"
CANDIDATES_LIMIT = 500
"""So many places one promise may be kept from."""
KeptUnits = Annotated[int, Field(ge=0, le=QUANTITY_LIMIT)]

Policy = Literal["single_location", "fewest_splits", "in_order"]
ReservationState = Literal["backordered", "held", "confirmed", "fulfilled", "released", "expired"]


class Sourcing(OpenWire):
    """From where a promise may be kept: the candidates in order of preference, and how they may be combined."""

    policy: Policy = Field("fewest_splits", description="One place, as few places as can be, or strictly in order")
    candidates: Annotated[
        list[LocationId], Field(min_length=1, max_length=CANDIDATES_LIMIT, description="The preferred first")
    ]
    keep_back: Annotated[dict[LocationId, KeptUnits], Field(max_length=CANDIDATES_LIMIT)] = Field(
        default_factory=dict,
        description="So many units of every item stay at that place: a store's last pieces",
        examples=[{"S367": 2}],
    )
    tiers: Annotated[list[Annotated[int, Field(ge=1)]], Field(max_length=CANDIDATES_LIMIT)] = Field(
        default_factory=list,
        description="The candidates stand in groups of so many that are equally good: within one, the place with the"
        " most of the wanted lines comes first. Candidates beyond the last group keep their order",
        examples=[[1, 3]],
    )


class Shortage(OpenWire):
    """An item of which more was asked for than there is."""

    sku: Sku
    requested: int = Field(description="Units asked for", examples=[3])
    available: int = Field(description="Units that could be promised", examples=[1])


class ReservationChanged(OpenWire):
    """A reservation after a change of state; `moved` are the units that this very change fulfilled or released."""

    reservation_id: ReservationId
    reference: Reference
    channel: Channel
    state: ReservationState = Field(description="After this change")
    expires_at: Instant | None = Field(None, description="When an unconfirmed hold lapses")
    allocations: list[Allocation] = Field(description="All that was promised, and from where")
    moved: list[Allocation] = Field(default_factory=list, description="What this change fulfilled or released")


class AwaitedUnits(OpenWire):
    """Units of one item that are promised from what is expected at a place."""

    sku: Sku
    location_id: LocationId
    quantity: Quantity
    promised_by: Instant | None = Field(
        None, description="When they will be there; absent while too little is expected to say"
    )


class ReservationBackordered(ReservationChanged):
    """A promise of which a part is still to come: `allocations` is what is held, `awaited` the rest."""

    awaited: list[AwaitedUnits] = Field(description="What is still to come, and by when")
    promised_by: Instant | None = Field(None, description="When all of it will be there, as far as that can be said")


class ReservationRejected(OpenWire):
    """Nothing was held: these items fall short at every candidate, or `code` says what else was in the way."""

    reservation_id: ReservationId
    reference: Reference
    channel: Channel
    shortages: list[Shortage] = Field(description="Each item that falls short, over all candidates")
    code: str = Field(
        "insufficient_stock",
        description="Why, as a stable code: another one is `channel_closed`",
        examples=["insufficient_stock"],
    )
    detail: str | None = Field(None, description="Why, in words", examples=["The channel phone is closed."])


class MovedUnits(OpenWire):
    """Units of one item that are promised from another place than before."""

    sku: Sku
    from_location_id: LocationId
    to_location_id: LocationId
    quantity: Quantity


class ReservationReallocated(OpenWire):
    """What became of units that an order wanted from elsewhere; `moved`, `short` and `kept` are all that it asked for.

    `short` units are neither at the place nor at any candidate: they are still promised, and the order decides about
    them. `kept` units stay where they are: the shelf has them again, or they are not promised there any more.
    """

    reservation_id: ReservationId
    reference: Reference
    channel: Channel
    state: ReservationState
    allocations: list[Allocation]
    sku: Sku
    location_id: LocationId
    moved: list[MovedUnits] = Field(default_factory=list)
    short: Annotated[int, Field(ge=0)] = 0
    kept: Annotated[int, Field(ge=0)] = 0


HELD = EventType(
    "zaiko.reservation.held.v1",
    TOPIC,
    ReservationChanged,
    lambda data: data.reference,
    "Units are promised, for a while.",
)
BACKORDERED = EventType(
    "zaiko.reservation.backordered.v1",
    TOPIC,
    ReservationBackordered,
    lambda data: data.reference,
    "Units are promised that are still to come; told again when some have come, or a date has moved.",
)
REJECTED = EventType(
    "zaiko.reservation.rejected.v1",
    TOPIC,
    ReservationRejected,
    lambda data: data.reference,
    "There is not enough; nothing was held.",
)
CONFIRMED = EventType(
    "zaiko.reservation.confirmed.v1",
    TOPIC,
    ReservationChanged,
    lambda data: data.reference,
    "The promise stands, and does not lapse any more.",
)
RELEASED = EventType(
    "zaiko.reservation.released.v1",
    TOPIC,
    ReservationChanged,
    lambda data: data.reference,
    "Promised units are free again.",
)
EXPIRED = EventType(
    "zaiko.reservation.expired.v1",
    TOPIC,
    ReservationChanged,
    lambda data: data.reference,
    "A hold has lapsed; its units are free again.",
)
FULFILLED = EventType(
    "zaiko.reservation.fulfilled.v1",
    TOPIC,
    ReservationChanged,
    lambda data: data.reference,
    "Promised units were handed over.",
)
REALLOCATED = EventType(
    "zaiko.reservation.reallocated.v1",
    TOPIC,
    ReservationReallocated,
    lambda data: data.reference,
    "Units that an order wanted from elsewhere were moved there, found nowhere, or are where they were after all.",
)
