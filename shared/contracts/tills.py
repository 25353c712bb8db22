"""What tills tell: facts that already happened on a shop floor (`zaiko.tills`, key location_id)."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator

from shared.contracts.event import EventType
from shared.contracts.values import WITHOUT_NUL, CountedQuantity, LocationId, Money, OpenWire, Quantity, Sku, Wire

TOPIC = "zaiko.tills"
LINES_LIMIT = 50_000
"""A bulk count of a whole store is one event; nothing honest is larger."""

Code = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=WITHOUT_NUL)]
TillId = Annotated[Code, Field(description="The till, unique within its location", examples=["2"])]
ReceiptId = Annotated[Code, Field(description="The receipt, as printed", examples=["31198459022"])]


class TillLine(OpenWire):
    sku: Sku
    quantity: Quantity
    unit_price: Money | None = Field(None, description="What one unit was sold for")
    condition: Literal["sellable", "damaged"] = Field(
        "sellable", description="Of a returned unit: whether it goes back on the shelf"
    )


class ReceiptName(Wire):
    """Which receipt of a sale: its number is unique at its till."""

    location_id: LocationId
    till_id: TillId
    receipt_id: ReceiptId


class TillReceipt(OpenWire):
    """A sale, a return or a void: the lines of one receipt."""

    location_id: LocationId
    till_id: TillId
    receipt_id: ReceiptId
    lines: Annotated[list[TillLine], Field(min_length=1, max_length=LINES_LIMIT, description="What the receipt lists")]
    member_id: Code | None = Field(None, description="The customer's membership", examples=["900"])
    original_receipt: ReceiptName | None = Field(
        None, description="Of a return or a void: the receipt of the sale, where it is another than this one"
    )
    order_id: Code | None = Field(
        None,
        description="Of a return: the order that the units were bought with",
        examples=["019a1f6e-7c1b-7d5c-9a53-0d7f3b7f2f11"],
    )


class CountLine(OpenWire):
    sku: Sku
    quantity: CountedQuantity


class TillCount(OpenWire):
    """What lay on the shelf at the event's `time`."""

    location_id: LocationId
    till_id: TillId | None = Field(None, description="The till or reader that counted")
    lines: Annotated[list[CountLine], Field(min_length=1, max_length=LINES_LIMIT)]

    @field_validator("lines")
    @classmethod
    def _each_sku_once(cls, lines: list[CountLine]) -> list[CountLine]:
        if len({line.sku for line in lines}) < len(lines):
            raise ValueError("each sku is counted once in a count")
        return lines


class TillDelivery(OpenWire):
    """Goods that arrived in the shop."""

    location_id: LocationId
    till_id: TillId | None = None
    reference: Code | None = Field(None, description="The delivery note", examples=["D-7741"])
    lines: Annotated[list[TillLine], Field(min_length=1, max_length=LINES_LIMIT)]


SALE = EventType(
    "zaiko.till.sale.v1", TOPIC, TillReceipt, lambda data: data.location_id, "Units were sold: they left the shelf."
)
RETURN = EventType(
    "zaiko.till.return.v1", TOPIC, TillReceipt, lambda data: data.location_id, "A customer brought units back."
)
VOID = EventType(
    "zaiko.till.void.v1",
    TOPIC,
    TillReceipt,
    lambda data: data.location_id,
    "A sale was undone at the till: its units never left.",
)
COUNT = EventType(
    "zaiko.till.count.v1", TOPIC, TillCount, lambda data: data.location_id, "Somebody counted what lies on the shelf."
)
RECEIPT = EventType(
    "zaiko.till.receipt.v1", TOPIC, TillDelivery, lambda data: data.location_id, "Goods arrived in the shop."
)
