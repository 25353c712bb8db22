"""Where demand comes from, and how much of the stock it may see (`zaiko.channels`, compacted, key channel)."""

from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, PlainSerializer, model_validator

from shared.contracts.event import EventType
from shared.contracts.values import QUANTITY_LIMIT, Channel, Name, OpenWire, Sku, Text

TOPIC = "zaiko.channels"
LIMITS_LIMIT = 1_000
"""So many limits one channel may have."""

Share = Annotated[
    Decimal,
    Field(ge=0, le=1, max_digits=7, decimal_places=6),
    PlainSerializer(float, return_type=float, when_used="json"),
]
Units = Annotated[int, Field(strict=True, ge=0, le=QUANTITY_LIMIT)]


class ChannelLimit(OpenWire):
    """What a channel may not see, or not sell. Of several that fit, the most specific one counts.

    With `sku` is more specific than without, then with `location_group`; of equals the first in the list counts.
    Buffer, share and cap are looked up each by itself.
    """

    location_group: Name | None = Field(
        None, description="The places of this group; without it everywhere", examples=["flagship"]
    )
    sku: Sku | None = Field(None, description="This item; without it every item, each by itself")
    buffer: Units | None = Field(None, description="Units at each place that it never sees", examples=[1])
    share: Share | None = Field(
        None, description="The fraction of what is available at each place that it sees, rounded down", examples=[0.5]
    )
    cap: Units | None = Field(
        None,
        description="Units of the item that it may have promised since the cap was set, over all these places."
        " Released and lapsed ones come back, fulfilled ones stay spent",
        examples=[500],
    )

    @model_validator(mode="after")
    def _limits_something(self) -> Self:
        if self.buffer is None and self.share is None and self.cap is None:
            raise ValueError("a limit names at least one of buffer, share and cap")
        return self


class ChannelChanged(OpenWire):
    """The channel as it is now; the newest one per key is the whole truth about it."""

    channel: Channel
    name: Text = Field(description="As people call it", examples=["Web shop"])
    open: bool = Field(description="Whether it may promise anything")
    hold_seconds: Annotated[int, Field(strict=True, ge=1)] | None = Field(
        None, description="How long its reservations are held; without it as the service holds them", examples=[600]
    )
    limits: Annotated[list[ChannelLimit], Field(max_length=LIMITS_LIMIT)] = Field(
        default_factory=list, description="What it does not see of the stock"
    )


CHANGED = EventType(
    "zaiko.channel.changed.v1",
    TOPIC,
    ChannelChanged,
    lambda data: data.channel,
    "A channel is new, was opened or closed, or may see more or less of the stock.",
)
