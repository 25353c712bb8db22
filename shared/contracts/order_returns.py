"""Returns of orders that do not add up, on the orders' own topic."""

from pydantic import Field

from shared.contracts.event import EventType
from shared.contracts.orders import TOPIC
from shared.contracts.tills import ReceiptName
from shared.contracts.values import LocationId, OpenWire, OrderId, SkuQuantity


class OrderReturnExceeded(OpenWire):
    """A till took back more of an order than was handed over and had not come back. The stock is there all the same."""

    order_id: OrderId
    location_id: LocationId
    receipt: ReceiptName = Field(description="The till's receipt for the return")
    lines: list[SkuQuantity] = Field(description="What is too much; an item may be none of the order's")


EXCEEDED = EventType(
    "zaiko.order.return_exceeded.v1",
    TOPIC,
    OrderReturnExceeded,
    lambda data: data.order_id,
    "A till took back more of an order than was handed over.",
)
