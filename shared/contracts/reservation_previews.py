"""What a reservation would come to, asked without making one (`POST /v1/reservations/preview` of inventory)."""

from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.reservations import Shortage
from shared.contracts.values import Allocation, Instant, LocationId, OpenWire, Quantity, Sku

HeldBackBy = Literal["none_there", "too_few_there", "buffer", "share", "cap", "kept_back"]


class CandidateLine(OpenWire):
    """What a place could give of one line, if it were the only one asked."""

    sku: Sku
    requested: Quantity
    stock: Annotated[int, Field(ge=0)] = Field(
        description="Units that could be promised there, were there no channel and nothing kept back", examples=[3]
    )
    could_give: Annotated[int, Field(ge=0)] = Field(description="Of the units requested", examples=[1])
    held_back_by: HeldBackBy | None = Field(
        None,
        description="Why it could not give all: the channel's `buffer`, `share` or `cap`, what the sourcing keeps back"
        " there, or that it has too few itself; absent where it could",
        examples=["buffer"],
    )


class Candidate(OpenWire):
    """A place that was considered."""

    location_id: LocationId
    lines: list[CandidateLine]


class ReservationPreview(OpenWire):
    """What the same reservation would have come to at `as_of`. Nothing was held."""

    as_of: Instant
    would_hold: bool = Field(description="Whether every line could be promised")
    code: str | None = Field(None, description="Why not, as the code of the refusal", examples=["insufficient_stock"])
    detail: str | None = Field(None, description="Why not, in words")
    allocations: list[Allocation] = Field(description="What would be promised, and from where")
    shortages: list[Shortage] = Field(description="Each item that falls short")
    candidates: list[Candidate] = Field(description="Every place in the order in which it was considered")
