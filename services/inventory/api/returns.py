"""HTTP door: what a till sold, returned without a till."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from services.inventory.api.doors import Inventory
from services.inventory.domain.returns import Receipt, Units
from services.inventory.usecases.returns import BringBack, Returned, bring_back
from shared.clock import Clock
from shared.contracts.orders import ReturnedLine
from shared.contracts.returns import ReturnId
from shared.contracts.tills import ReceiptName
from shared.contracts.values import Instant, LocationId, Text, Wire
from shared.database import Transaction
from shared.errors import DomainError
from shared.http.auth import Key, allow
from shared.http.door import Decide, Outcome, answer
from shared.http.problems import responses
from shared.identifiers import new_id
from shared.principal import Principal, Role

router = APIRouter(prefix="/v1/returns", tags=["returns"])

LINES_LIMIT = 500
WITHOUT_RECEIPT: tuple[Role, ...] = ("operator", "store-staff")
"""Who may take back what nobody can prove to have bought."""


class ReturnBody(Wire):
    """What a customer brought or sent. One item may stand in several lines by its condition."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "location_id": "S368",
                "receipt": {"location_id": "S367", "till_id": "2", "receipt_id": "31198459022"},
                "lines": [{"sku": "995242", "quantity": 1, "condition": "sellable"}],
                "reason": "too small",
            }
        }
    )

    location_id: LocationId = Field(description="Where the units are now")
    receipt: ReceiptName | None = Field(None, description="The receipt of the sale, wherever it was")
    lines: Annotated[list[ReturnedLine], Field(min_length=1, max_length=LINES_LIMIT)]
    reason: Text | None = Field(None, examples=["too small"])


class ReturnShown(BaseModel):
    return_id: ReturnId
    location_id: LocationId
    receipt: ReceiptName | None
    lines: list[ReturnedLine]
    reason: str | None = Field(examples=["too small"])
    returned_at: Instant


def bringing_back(clock: Clock) -> Decide[BringBack]:
    """Returns of several requests, decided together."""

    async def decide(transaction: Transaction, requests: Sequence[BringBack]) -> list[Outcome]:
        now = clock()
        outcomes = await bring_back(transaction, requests, now)
        return [answer(_shown(it, now), 201) if isinstance(it, Returned) else it for it in outcomes]

    return decide


def _shown(returned: Returned, now: Instant) -> ReturnShown:
    asked = returned.asked
    return ReturnShown(
        return_id=asked.return_id,
        location_id=asked.location_id,
        receipt=None if asked.receipt is None else ReceiptName.model_validate(asked.receipt._asdict()),
        lines=[ReturnedLine.model_validate(line._asdict()) for line in asked.lines],
        reason=asked.reason,
        returned_at=now,
    )


@router.post(
    "",
    status_code=201,
    summary="Take back what a till sold",
    description="To another store than it was bought in, or by post; what a till takes back it tells itself. Sellable"
    " units are stock at `location_id` at once, damaged ones are not. On a receipt never more comes back than it sold,"
    " less what has come back and what was voided. Without one, which only operator and store-staff may say, never"
    " more of an item than was sold in all, by any channel, and has not come back. All lines, or none: the `shortages`"
    " of a refusal name what could still come back.",
    response_model=ReturnShown,
    responses=responses(
        "unauthenticated",
        "forbidden",
        "more_than_sold",
        "request_in_flight",
        "unknown_location",
        "invalid_request",
        "idempotency_key_reused",
        "overloaded",
    ),
)
async def post(
    body: ReturnBody,
    doors: Inventory,
    principal: Annotated[Principal, allow("operator", "store-staff", "till", "storefront")],
    key: Key,
) -> Response:
    principal.require_location(body.location_id)
    if body.receipt is None and principal.role not in WITHOUT_RECEIPT:
        raise DomainError("forbidden", f"Without a receipt only {' and '.join(WITHOUT_RECEIPT)} take units back.")
    receipt = None if body.receipt is None else Receipt(**body.receipt.model_dump())
    lines = [Units(line.sku, line.quantity, line.condition) for line in body.lines]
    asked = BringBack(new_id(), body.location_id, receipt, lines, body.reason, principal.actor)
    return await doors.bring_back(asked, key)
