"""HTTP door: what a reservation would come to."""

from fastapi import APIRouter

from services.inventory.api.doors import Inventory
from services.inventory.api.reservations import ReservationBody, command_of
from services.inventory.usecases.previews import preview
from shared.contracts.reservation_previews import ReservationPreview
from shared.http.auth import allow
from shared.http.problems import responses

router = APIRouter(prefix="/v1/reservations", tags=["reservations"])


@router.post(
    "/preview",
    summary="Preview a reservation",
    description="What the same reservation would come to now, told by the code that decides a real one. Changes"
    " nothing, and promises nothing. For each candidate it says what that place alone could give of each line, and what"
    " held it back.",
    response_model=ReservationPreview,
    response_model_exclude_none=True,
    responses=responses("unauthenticated", "forbidden", "invalid_request", "unknown_sku", "unknown_location"),
    dependencies=[allow("operator", "storefront")],
)
async def show_preview(body: ReservationBody, doors: Inventory) -> ReservationPreview:
    command = command_of(body, doors)
    async with doors.database.reading() as connection:
        return await preview(connection, command, doors.clock())
