"""The extension attributes of CloudEvents that Zaiko knows; any other travels with its event, untouched."""

from typing import Annotated

from pydantic import BaseModel, Field

from shared.contracts.values import Instant


class TillExtensions(BaseModel):
    """What a till may add to its events; `zaiko.sales` hands it on."""

    sequence: Annotated[str, Field(pattern=r"^[0-9]{1,18}$")] | None = Field(
        None, description="The till numbers its events 1, 2, 3…, so that a missing one is seen", examples=["1"]
    )
    sentat: Instant | None = Field(
        None, description="What the till's clock showed when it sent this", examples=["2017-11-20T09:00:02Z"]
    )


class StockExtensions(BaseModel):
    """What inventory adds to changes of levels."""

    transaction: Annotated[str, Field(pattern=r"^[0-9]{1,20}$")] | None = Field(
        None,
        description="The database transaction that made the change: tells whether a snapshot of the stock holds it",
        examples=["81512"],
    )


class DeadLetterExtensions(TillExtensions):
    """What is added to an event that could not take effect."""

    reasoncode: str = Field(description="Why, as a stable code", examples=["unknown_event_type"])
    reason: str = Field(
        description="Why, in words, led by a JSON Pointer where one field is at fault",
        examples=["/type: no event type com.example.someevent is known"],
    )
    origintopic: str = Field(description="The topic it came on, or would have", examples=["zaiko.tills"])
    receivedat: Instant | None = Field(
        None, description="When it came, where it has no readable `time` of its own", examples=["2017-11-20T09:00:03Z"]
    )
