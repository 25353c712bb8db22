"""Orders that wait for goods (on `zaiko.orders`, key order_id)."""

from pydantic import Field

from shared.contracts.event import EventType
from shared.contracts.orders import TOPIC
from shared.contracts.reservations import AwaitedUnits
from shared.contracts.values import Channel, Instant, MemberId, OpenWire, OrderId


class OrderBackordered(OpenWire):
    """What the customer waits for, and by when it will be there; a repeat of it is as it stands now."""

    order_id: OrderId
    channel: Channel
    member_id: MemberId | None = None
    awaited: list[AwaitedUnits] = Field(description="What is still to come")
    promised_by: Instant | None = Field(None, description="When all of it will be there, as far as that can be said")


BACKORDERED = EventType(
    "zaiko.order.backordered.v1",
    TOPIC,
    OrderBackordered,
    lambda data: data.order_id,
    "A part of the order is promised from what is expected; told again when some has come, or a date has moved.",
)
