"""What tills tell: facts that already happened on a shop floor (`zaiko.tills`, key location_id)."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator

from shared.contracts.event import EventType
from shared.contracts.values import WITHOUT_NUL, CountedQuantity, LocationId, Money, OpenWire, Quantity, Sku

TOPIC = "zaiko.tills"
LINES_LIMIT = 50_000
"""A bulk count of a whole store is one event; nothing honest is larger."""

Code = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=WITHOUT_NUL)]


class TillLine(OpenWire):
    sku: Sku
    quantity: Quantity
    unit_price: Money | None = None
    condition: Literal["sellable", "damaged"] = "sellable"


class TillReceipt(OpenWire):
    """A sale, a return or a void: the lines of one receipt."""

    location_id: LocationId
    till_id: Code
    receipt_id: Code
    lines: Annotated[list[TillLine], Field(min_length=1, max_length=LINES_LIMIT)]
    member_id: Code | None = None


class CountLine(OpenWire):
    sku: Sku
    quantity: CountedQuantity


class TillCount(OpenWire):
    """What lay on the shelf at the event's `time`."""

    location_id: LocationId
    till_id: Code | None = None
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
    till_id: Code | None = None
    reference: Code | None = None
    lines: Annotated[list[TillLine], Field(min_length=1, max_length=LINES_LIMIT)]


SALE = EventType("zaiko.till.sale.v1", TOPIC, TillReceipt, lambda data: data.location_id)
RETURN = EventType("zaiko.till.return.v1", TOPIC, TillReceipt, lambda data: data.location_id)
VOID = EventType("zaiko.till.void.v1", TOPIC, TillReceipt, lambda data: data.location_id)
COUNT = EventType("zaiko.till.count.v1", TOPIC, TillCount, lambda data: data.location_id)
RECEIPT = EventType("zaiko.till.receipt.v1", TOPIC, TillDelivery, lambda data: data.location_id)
