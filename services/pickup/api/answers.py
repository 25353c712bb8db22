"""What the HTTP doors of pickup answer."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.config import JsonDict

from services.pickup.domain.states import State
from shared.contracts.orders import Collector
from shared.contracts.values import Instant, LocationId, Sku
from shared.principal import Role

CODE_SHOWN_TO: frozenset[Role] = frozenset({"operator", "storefront"})
"""Who hands a bag over has to ask the customer for the code."""

EXAMPLE: JsonDict = {
    "pickup_id": "01890a5d-ac96-774b-bcce-b302099a8057",
    "order_id": "01890a5d-a7c1-7e33-9f2a-5c2d4a1be001",
    "reservation_id": "01890a5d-a8f0-7b1c-8d5e-2f9c11aa7c42",
    "location_id": "S367",
    "state": "ready",
    "lines": [{"sku": "995242", "quantity": 2, "picked": 1, "short": 1, "cancelled": 0, "arriving": 0}],
    "due_at": "2017-11-20T11:00:00Z",
    "requested_at": "2017-11-20T09:00:00Z",
    "started_at": "2017-11-20T09:40:00Z",
    "ready_at": "2017-11-20T09:52:00Z",
    "held_until": "2017-11-23T09:52:00Z",
    "closed_at": None,
    "code": "407718",
    "locked_until": None,
    "reason": None,
    "late_at": None,
    "reminded_at": None,
    "bag_location": "shelf B4",
    "collector": {"name": "Hanako Sato"},
    "collected_by": None,
    "round_id": None,
    "stars": None,
    "words": None,
    "rated_at": None,
    "ship_to_store": False,
}


def _named(name: Any) -> Any:
    """A name as it is kept, as the object that it is on the wire."""
    return {"name": name} if isinstance(name, str) else name


Named = Annotated[Collector | None, BeforeValidator(_named)]


class PickupLine(BaseModel):
    """One item of the bag, in units; still to be picked are quantity - short - cancelled - arriving - picked."""

    model_config = ConfigDict(from_attributes=True)

    sku: Sku
    quantity: int = Field(description="Ordered")
    picked: int = Field(description="In the bag")
    short: int = Field(description="Not found on the shelf")
    cancelled: int = Field(description="No longer wanted by the order")
    arriving: int = Field(0, description="Sent from other places, and not at the store yet")


class Pickup(BaseModel):
    """One bag at one counter for one order."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"example": EXAMPLE})

    pickup_id: str
    order_id: str
    reservation_id: str
    location_id: LocationId
    state: State
    lines: list[PickupLine]
    due_at: Instant = Field(description="When it should be ready")
    requested_at: Instant
    started_at: Instant | None
    ready_at: Instant | None
    held_until: Instant | None = Field(description="After this a ready pickup lapses")
    closed_at: Instant | None = Field(description="When it was collected, expired or cancelled")
    code: str | None = Field(description="What the customer shows; only to storefront and operator, once it is ready")
    locked_until: Instant | None = Field(description="Until then no code is accepted, because of too many wrong ones")
    reason: str | None = Field(description="Why it was cancelled or expired")
    late_at: Instant | None = Field(description="When it was found not to be ready in time")
    reminded_at: Instant | None = Field(description="When its customer was to be reminded")
    bag_location: str | None = Field(description="Where the bag stands")
    collector: Named = Field(description="Who may come instead of the customer")
    collected_by: Named = Field(description="Who came, where it was not the customer")
    round_id: str | None = Field(description="The pick round that it is picked in")
    stars: int | None = Field(description="How the customer rated it, from 1 to 5")
    words: str | None = Field(description="What the customer said of it")
    rated_at: Instant | None
    ship_to_store: bool = Field(False, description="Whether other places may send what the store has not")


def shown(pickup: Any, role: Role) -> Pickup:
    """A pickup, a row or the domain's own, as this role may see it."""
    seen = Pickup.model_validate(pickup)
    return seen if role in CODE_SHOWN_TO else seen.model_copy(update={"code": None})
