"""What customers changed of their orders (`zaiko.orders`, key order_id)."""

from pydantic import Field

from shared.contracts import orders
from shared.contracts.event import EventType
from shared.contracts.orders import Fulfilment
from shared.contracts.values import Channel, MemberId, OpenWire, OrderId, Reason, ReservationId, SkuQuantity

TOPIC = orders.TOPIC


class OrderAmended(OpenWire):
    """The order as it stands after a change by the customer. What is not wanted any more is cancelled as well."""

    order_id: OrderId
    channel: Channel
    member_id: MemberId | None = None
    reservation_id: ReservationId | None = None
    lines: list[SkuQuantity] = Field(description="What is ordered now; an item that is missing is not wanted any more")
    fulfilment: Fulfilment
    reason: Reason


AMENDED = EventType(
    "zaiko.order.amended.v1",
    TOPIC,
    OrderAmended,
    lambda data: data.order_id,
    "Fewer units are wanted, or they go to another address.",
)
