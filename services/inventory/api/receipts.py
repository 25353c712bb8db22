"""HTTP door: a receipt, and what may still come back on it."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from services.inventory.api.doors import Inventory
from services.inventory.domain.returns import Receipt, Standing
from services.inventory.store import returns as store
from services.inventory.usecases.returns import RETURNS
from shared.contracts.tills import ReceiptId, TillId
from shared.contracts.values import Instant, LocationId, Sku
from shared.errors import DomainError
from shared.http.auth import allow
from shared.http.problems import responses

router = APIRouter(prefix="/v1/receipts", tags=["returns"])


class ReceiptLine(BaseModel):
    """returnable = sold - came_back, never below 0."""

    sku: Sku
    sold: int = Field(examples=[2])
    came_back: int = Field(description="Voided units included", examples=[1])
    returnable: int = Field(description="Units that may still come back", examples=[1])


class CameBack(BaseModel):
    """Units that came back, or were voided, and where they went."""

    sku: Sku
    quantity: int = Field(examples=[1])
    location_id: LocationId
    source: str = Field(
        description=f"The till that told it; `{RETURNS}` where no till did", examples=["/locations/S367/tills/2"]
    )
    recorded_at: Instant


class ReceiptShown(BaseModel):
    """A receipt as its till has told it so far."""

    location_id: LocationId
    till_id: TillId
    receipt_id: ReceiptId
    as_of: Instant
    sold_at: Instant | None = Field(description="Null where something came back and no sale was told")
    lines: list[ReceiptLine]
    came_back: list[CameBack] = Field(description="In the order in which it was recorded")


@router.get(
    "/{location_id}/{till_id}/{receipt_id}",
    summary="What may still come back of a receipt",
    description="Any place may ask, because any place takes back what any till sold. A sale whose event has the"
    " receipt's number for its id is found at once; for another all that the till has ever told is looked through. 404"
    " where neither a sale nor a return was told under this number.",
    responses=responses("unauthenticated", "forbidden", "not_found", "invalid_request"),
    dependencies=[allow("operator", "store-staff", "till", "storefront")],
)
async def get(
    location_id: Annotated[LocationId, Path()],
    till_id: Annotated[TillId, Path()],
    receipt_id: Annotated[ReceiptId, Path()],
    doors: Inventory,
) -> ReceiptShown:
    receipt = Receipt(location_id, till_id, receipt_id)
    async with doors.database.reading() as connection:
        came_back = await store.came_back(connection, receipt)
        sold = await store.sold(connection, receipt)
    if not sold and not came_back:
        raise DomainError("not_found", f"Till {till_id} of {location_id} has told nothing of a receipt {receipt_id}.")
    return ReceiptShown(
        **receipt._asdict(),
        as_of=doors.clock(),
        sold_at=min((row.sold_at for row in sold), default=None),
        lines=_lines(sold, came_back),
        came_back=[
            CameBack(
                sku=row.sku,
                quantity=row.quantity,
                location_id=row.returned_to,
                source=row.source,
                recorded_at=row.noted_at,
            )
            for row in came_back
        ],
    )


def _lines(sold: Sequence[Any], came_back: Sequence[Any]) -> list[ReceiptLine]:
    back: dict[str, int] = {}
    for row in came_back:
        back[row.sku] = back.get(row.sku, 0) + row.quantity
    standings = {row.sku: Standing(row.sold, back.pop(row.sku, 0)) for row in sold}
    standings |= {sku: Standing(0, units) for sku, units in back.items()}
    return [
        ReceiptLine(sku=sku, sold=it.sold, came_back=it.came_back, returnable=it.returnable)
        for sku, it in standings.items()
    ]
