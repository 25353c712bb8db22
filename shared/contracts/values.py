"""The small words of the wire language: identifiers, quantities, money, instants."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
)

QUANTITY_LIMIT = 1_000_000_000
"""No single line moves more units than this; the sums are kept in 64 bits."""

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
Sku = Annotated[Name, Field(description="The retailer's own item code", examples=["995242"])]
LocationId = Annotated[Name, Field(description="A shop or a warehouse", examples=["S367"])]
Channel = Annotated[Name, Field(description="Where the demand comes from", examples=["web"])]
WITHOUT_NUL = r"^[^\x00]*$"
"""PostgreSQL keeps every character in text but NUL."""
Reference = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, pattern=WITHOUT_NUL),
    Field(description="The caller's own name for a reservation: a cart, or the order_id", examples=["cart-2207"]),
]
Text = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=WITHOUT_NUL)]

Quantity = Annotated[int, Field(strict=True, ge=1, le=QUANTITY_LIMIT, description="Whole units", examples=[1])]
CountedQuantity = Annotated[
    int, Field(strict=True, ge=0, le=QUANTITY_LIMIT, description="What lay on the shelf", examples=[12])
]
SignedQuantity = Annotated[int, Field(strict=True, ge=-QUANTITY_LIMIT, le=QUANTITY_LIMIT)]


_ID = "019a1f6e-7c1b-7d5c-9a53-0d7f3b7f2f"
"""Zaiko's identifiers are UUIDs of version 7; the examples differ in their last two digits."""
OrderId = Annotated[str, Field(description="The order, a UUID", examples=[f"{_ID}11"])]
ReservationId = Annotated[str, Field(description="The promise that holds the units, a UUID", examples=[f"{_ID}22"])]
PickupId = Annotated[str, Field(description="The bag at the counter, a UUID", examples=[f"{_ID}33"])]
MemberId = Annotated[str, Field(description="The customer's membership, as the caller names it", examples=["900"])]
Reason = Annotated[str, Field(description="Why, in words", examples=["ordered twice"])]
OnHand = Annotated[
    int, Field(description="Units on the shelf, promised ones included; below 0 where more was sold than counted")
]
Reserved = Annotated[int, Field(description="Units that are promised from here", examples=[2])]


def _to_utc(instant: datetime) -> datetime:
    try:
        return instant.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("no instant of the years 1 to 9999 in UTC") from error


@lru_cache(256)
def rfc3339(instant: datetime) -> str:
    """An instant as RFC 3339 in UTC with `Z`, e.g. `2017-11-20T09:00:00Z`."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


Instant = Annotated[
    AwareDatetime,
    AfterValidator(_to_utc),
    PlainSerializer(rfc3339, when_used="json"),
    Field(description="RFC 3339 with an offset; answers use UTC", examples=["2017-11-20T09:00:00Z"]),
]


class Wire(BaseModel):
    """Base of everything that crosses a door: unknown fields are refused, so that a typing error is named."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class OpenWire(BaseModel):
    """Base of event data: unknown fields are let through, so that writers may add some before readers know them."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Money(Wire):
    """An amount in minor units: 1290 is ¥1290, or $12.90."""

    amount: Annotated[int, Field(strict=True, ge=-(10**15), le=10**15, description="Minor units", examples=[1290])]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] = Field(description="ISO 4217", examples=["JPY"])


class SkuQuantity(Wire):
    """So many units of one item."""

    sku: Sku
    quantity: Quantity


class Allocation(Wire):
    """Units of one item promised from one place."""

    sku: Sku
    location_id: LocationId
    quantity: Quantity
