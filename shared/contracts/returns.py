"""What came back without a till, or for an order, or beyond its sale (`zaiko.returns`, key location_id)."""

from typing import Annotated

from pydantic import Field

from shared.contracts.event import EventType
from shared.contracts.orders import ReturnedLine
from shared.contracts.tills import Code, ReceiptName
from shared.contracts.values import Instant, LocationId, OpenWire, Reason, Sku

TOPIC = "zaiko.returns"

ReturnId = Annotated[str, Field(description="This return, a UUID", examples=["019a1f6e-7c1b-7d5c-9a53-0d7f3b7f2f55"])]
TakenBackAt = Annotated[LocationId, Field(description="Where the units were taken back: they are there now")]


class ReturnRecorded(OpenWire):
    """Units that a till sold came back otherwise than at a till: to another store, or by post."""

    return_id: ReturnId
    location_id: TakenBackAt
    receipt: ReceiptName | None = Field(None, description="The receipt of the sale; absent where the customer has none")
    lines: list[ReturnedLine]
    reason: Reason | None = Field(None, examples=["too small"])


class OrderUnitsReturned(OpenWire):
    """A till took back units that were bought with an order. The stock has moved with the till's own return."""

    order_id: Code = Field(
        description="The order, as the till names it", examples=["019a1f6e-7c1b-7d5c-9a53-0d7f3b7f2f11"]
    )
    location_id: TakenBackAt
    receipt: ReceiptName = Field(description="The till's receipt for the return")
    lines: list[ReturnedLine]


class ReturnExceeded(OpenWire):
    """Tills have told that more came back on a receipt than it sold, voids included.

    It may have been another receipt, a sale that nobody told, or a fraud: what was told is stock all the same.
    """

    receipt: ReceiptName
    sku: Sku
    sold: int = Field(description="Units that the receipt sold; 0 where its sale was never told", examples=[1])
    came_back: int = Field(description="Units that came back on it, voided ones included", examples=[2])
    excess: int = Field(description="Units beyond the sale that this event is the first to tell of", examples=[1])
    location_id: TakenBackAt
    as_of: Instant = Field(description="When this was true")


RECORDED = EventType(
    "zaiko.return.recorded.v1",
    TOPIC,
    ReturnRecorded,
    lambda data: data.location_id,
    "Units that a till sold were taken back without a till.",
)
OF_ORDER = EventType(
    "zaiko.return.of_order.v1",
    TOPIC,
    OrderUnitsReturned,
    lambda data: data.location_id,
    "A till has taken back units of an order.",
)
EXCEEDED = EventType(
    "zaiko.return.exceeded.v1",
    TOPIC,
    ReturnExceeded,
    lambda data: data.location_id,
    "More came back on a receipt than it sold.",
)
