"""Shops and warehouses (`zaiko.locations`, compacted, key location_id)."""

from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.event import EventType
from shared.contracts.values import LocationId, OpenWire, Text

TOPIC = "zaiko.locations"

Latitude = Annotated[float, Field(ge=-90, le=90, examples=[35.6717])]
Longitude = Annotated[float, Field(ge=-180, le=180, examples=[139.7650])]


class LocationChanged(OpenWire):
    location_id: LocationId
    name: Text
    kind: Literal["store", "warehouse"]
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    time_zone: str | None = None
    gln: str | None = None
    ships: bool
    offers_pickup: bool


CHANGED = EventType("zaiko.location.changed.v1", TOPIC, LocationChanged, lambda data: data.location_id)
