"""Shops and warehouses (`zaiko.locations`, compacted, key location_id)."""

from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.event import EventType
from shared.contracts.values import LocationId, Name, OpenWire, Text

TOPIC = "zaiko.locations"
GROUPS_LIMIT = 20
"""So many groups a location may be in."""

Latitude = Annotated[float, Field(ge=-90, le=90, description="Degrees, WGS 84", examples=[35.6717])]
Longitude = Annotated[float, Field(ge=-180, le=180, description="Degrees, WGS 84", examples=[139.7650])]


class LocationChanged(OpenWire):
    """The location as it is now; the newest one per key is the whole truth about it."""

    location_id: LocationId
    name: Text = Field(description="As people call it", examples=["Ginza"])
    kind: Literal["store", "warehouse"] = Field(description="Whether people shop there")
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    time_zone: str | None = Field(None, description="IANA time zone", examples=["Asia/Tokyo"])
    gln: str | None = Field(None, description="GS1 Global Location Number", examples=["4901234000009"])
    ships: bool = Field(description="Whether parcels leave from here")
    offers_pickup: bool = Field(description="Whether customers collect here")
    groups: Annotated[list[Name], Field(max_length=GROUPS_LIMIT)] = Field(
        default_factory=list, description="Groups that channels and routing speak of", examples=[["flagship", "tokyo"]]
    )


CHANGED = EventType(
    "zaiko.location.changed.v1",
    TOPIC,
    LocationChanged,
    lambda data: data.location_id,
    "A shop or a warehouse is new, or something about it has changed.",
)
