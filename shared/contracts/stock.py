"""How much is where (`zaiko.stock`, compacted, key location_id/sku)."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.event import EventType
from shared.contracts.values import Instant, LocationId, OnHand, OpenWire, ReservationId, Reserved, Sku

TOPIC = "zaiko.stock"
TRANSACTION = "transaction"
"""The extension attribute that names the transaction which made a change (`StockExtensions`)."""


AsOf = Annotated[Instant, Field(description="When this was true")]


class LevelChanged(OpenWire):
    """The level after the change; the newest one per key is the whole truth about that shelf."""

    sku: Sku
    location_id: LocationId
    on_hand: OnHand = Field(examples=[11])
    reserved: Reserved
    available: int = Field(
        description="What may still be promised: on_hand less reserved, safety stock and what backorders wait for;"
        " never below 0",
        examples=[9],
    )
    as_of: AsOf


class PromiseAtRisk(OpenWire):
    """A reservation that may not be kept."""

    reservation_id: ReservationId
    reference: str = Field(description="The reservation's reference: a cart, or the order_id", examples=["cart-2207"])
    state: Literal["held", "confirmed"]
    quantity: int = Field(description="Units of it that are at risk", examples=[1])


class Oversold(OpenWire):
    """A fact took units that were promised: `shortfall` of them, and the promises at risk, latest holds first."""

    sku: Sku
    location_id: LocationId
    on_hand: OnHand = Field(examples=[1])
    reserved: Reserved
    shortfall: int = Field(description="Promised units that are not there", examples=[1])
    promises: list[PromiseAtRisk] = Field(description="Holds before confirmed ones, the latest first")
    as_of: AsOf


LEVEL_CHANGED = EventType(
    "zaiko.stock.level_changed.v1",
    TOPIC,
    LevelChanged,
    lambda data: f"{data.location_id}/{data.sku}",
    "What is on a shelf, or promised from it, has changed.",
)
OVERSOLD = EventType(
    "zaiko.stock.oversold.v1",
    TOPIC,
    Oversold,
    lambda data: f"{data.location_id}/{data.sku}",
    "A till sold, or a count missed, units that were promised.",
)


def transaction_of(headers: Mapping[str, str]) -> int | None:
    """The id of the transaction that made this change; None where it is not told, as in events of release 0.1."""
    text = headers.get(f"ce_{TRANSACTION}", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 20 else None
