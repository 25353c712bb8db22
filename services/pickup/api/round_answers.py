"""What the doors of pick rounds answer."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from services.pickup.api.answers import Pickup
from services.pickup.domain.rounds import Share
from services.pickup.domain.states import State
from services.pickup.store import rounds
from shared.contracts.values import Instant, LocationId, Sku

_OF_A_BAG = {"pickup_id", "order_id", "due_at", "state"}
_FIRST = "01890a5d-ac96-774b-bcce-b302099a8057"
_SECOND = "01890a5d-ad01-7c55-9d2e-6b1b0cf0a911"
EXAMPLE: JsonDict = {
    "round_id": "01890a5e-02c4-7f10-8a77-11f0f6f5b001",
    "location_id": "S367",
    "state": "picking",
    "begun_at": "2017-11-20T09:40:00Z",
    "bags": [
        {
            "number": 1,
            "pickup_id": _FIRST,
            "order_id": "01890a5d-a7c1-7e33-9f2a-5c2d4a1be001",
            "due_at": "2017-11-20T11:00:00Z",
            "state": "picking",
        },
        {
            "number": 2,
            "pickup_id": _SECOND,
            "order_id": "01890a5d-aa00-7b8e-8a10-3f5f3a3be002",
            "due_at": "2017-11-20T11:04:00Z",
            "state": "picking",
        },
    ],
    "lines": [
        {
            "sku": "995242",
            "wanted": 3,
            "picked": 2,
            "bags": [
                {"number": 1, "pickup_id": _FIRST, "wanted": 1, "picked": 1},
                {"number": 2, "pickup_id": _SECOND, "wanted": 2, "picked": 1},
            ],
        }
    ],
    "moved": [{"number": 2, "pickup_id": _SECOND, "quantity": 1}],
}


class RoundBag(BaseModel):
    """A bag of the round."""

    number: int = Field(description="Its place by when it is due, from 1")
    pickup_id: str
    order_id: str
    due_at: Instant
    state: State = Field(description="What is in a cancelled one goes back to the shelf")


class BagShare(BaseModel):
    """How many units of an item go into a bag."""

    number: int
    pickup_id: str
    wanted: int = Field(description="Ordered, at the store, and neither short nor cancelled")
    picked: int


class RoundLine(BaseModel):
    """One item for all bags of the round, in units; still to be picked are wanted - picked."""

    sku: Sku
    wanted: int
    picked: int
    bags: list[BagShare]


class Moved(BaseModel):
    """Units that the step has put into a bag, or that the bag goes without."""

    number: int
    pickup_id: str
    quantity: int


class Round(BaseModel):
    """Several bags that are picked in one walk."""

    model_config = ConfigDict(json_schema_extra={"example": EXAMPLE})

    round_id: str
    location_id: LocationId
    state: Literal["picking", "done"] = Field(description="Done once none of its bags is being picked")
    begun_at: Instant
    bags: list[RoundBag] = Field(description="The one that is due first before the others")
    lines: list[RoundLine] = Field(description="By SKU")
    moved: list[Moved] = Field(description="What this step did; empty where the round is only read")


def round_shown(found: rounds.Round, bags: Iterable[Any], moved: Sequence[Share] = ()) -> Round:
    """A round with its bags by when they are due, rows or the domain's own, and the units that a step has moved."""
    numbered = [(number, Pickup.model_validate(bag)) for number, bag in enumerate(bags, start=1)]
    numbers = {bag.pickup_id: number for number, bag in numbered}
    return Round(
        round_id=found.round_id,
        location_id=found.location_id,
        state="picking" if any(bag.state == "picking" for _, bag in numbered) else "done",
        begun_at=found.begun_at,
        bags=[RoundBag(number=number, **bag.model_dump(include=_OF_A_BAG)) for number, bag in numbered],
        lines=[_line(sku, shares) for sku, shares in sorted(_shares(numbered).items())],
        moved=[Moved(number=numbers[share.pickup_id], **share._asdict()) for share in moved],
    )


def _shares(numbered: Sequence[tuple[int, Pickup]]) -> dict[str, list[BagShare]]:
    """By SKU, what goes into each bag."""
    shares: defaultdict[str, list[BagShare]] = defaultdict(list)
    for number, bag in numbered:
        for line in bag.lines:
            wanted = line.quantity - line.short - line.cancelled - line.arriving
            if wanted and bag.state != "cancelled":
                share = BagShare(number=number, pickup_id=bag.pickup_id, wanted=wanted, picked=line.picked)
                shares[line.sku].append(share)
    return shares


def _line(sku: str, shares: list[BagShare]) -> RoundLine:
    wanted, picked = sum(share.wanted for share in shares), sum(share.picked for share in shares)
    return RoundLine(sku=sku, wanted=wanted, picked=picked, bags=shares)
