"""How much is where (`zaiko.stock`, compacted, key location_id/sku)."""

from typing import Literal

from shared.contracts.event import EventType
from shared.contracts.values import Instant, LocationId, OpenWire, Sku

TOPIC = "zaiko.stock"


class LevelChanged(OpenWire):
    """The level after the change; the newest one per key is the whole truth about that shelf."""

    sku: Sku
    location_id: LocationId
    on_hand: int
    reserved: int
    available: int
    as_of: Instant


class PromiseAtRisk(OpenWire):
    reservation_id: str
    reference: str
    state: Literal["held", "confirmed"]
    quantity: int


class Oversold(OpenWire):
    """A fact took units that were promised: `shortfall` of them, and the promises at risk, latest holds first."""

    sku: Sku
    location_id: LocationId
    on_hand: int
    reserved: int
    shortfall: int
    promises: list[PromiseAtRisk]
    as_of: Instant


LEVEL_CHANGED = EventType(
    "zaiko.stock.level_changed.v1", TOPIC, LevelChanged, lambda data: f"{data.location_id}/{data.sku}"
)
OVERSOLD = EventType("zaiko.stock.oversold.v1", TOPIC, Oversold, lambda data: f"{data.location_id}/{data.sku}")
