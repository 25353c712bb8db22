"""What the HTTP doors of pickup answer about transfers."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from services.pickup.domain.pickups import Pickup
from services.pickup.domain.transfers import Transfer, TransferState
from shared.contracts.transfers import TransferId
from shared.contracts.values import Instant, LocationId, OrderId, PickupId, Sku

EXAMPLE: JsonDict = {
    "transfer_id": "019a1f6e-7c1b-7d5c-9a53-0d7f3b7f2f66",
    "pickup_id": "01890a5d-ac96-774b-bcce-b302099a8057",
    "order_id": "01890a5d-a7c1-7e33-9f2a-5c2d4a1be001",
    "from_location_id": "W1",
    "to_location_id": "S367",
    "state": "sent",
    "lines": [{"sku": "995242", "quantity": 2, "cancelled": 0, "sent": 2}],
    "due_at": "2017-11-21T09:00:00Z",
    "requested_at": "2017-11-20T09:00:00Z",
    "sent_at": "2017-11-20T15:10:00Z",
    "closed_at": None,
}


class TransferLine(BaseModel):
    """One item, in units; to be sent are quantity - cancelled."""

    model_config = ConfigDict(from_attributes=True)

    sku: Sku
    quantity: int = Field(description="Asked for")
    cancelled: int = Field(description="No longer wanted; what had left already arrives as free stock")
    sent: int = Field(description="Left")


class TransferShown(BaseModel):
    """What one place sends to the store of one order's bag."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"example": EXAMPLE})

    transfer_id: TransferId
    pickup_id: PickupId
    order_id: OrderId
    from_location_id: LocationId
    to_location_id: LocationId
    state: TransferState
    lines: list[TransferLine]
    due_at: Instant = Field(description="When it should be at the store")
    requested_at: Instant
    sent_at: Instant | None
    closed_at: Instant | None = Field(description="When it was received or cancelled")


def transfer_shown(transfer: Transfer, bag: Pickup) -> TransferShown:
    """A transfer of this bag, as everybody may see it."""
    members: dict[str, Any] = {name: getattr(transfer, name) for name in Transfer.__slots__}
    return TransferShown.model_validate({**members, "order_id": bag.order_id})
