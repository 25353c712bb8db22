"""What inventory would promise, asked over HTTP: the one thing that orders reads from another service."""

from collections.abc import Mapping

from services.orders.domain.sourcing import Plan
from shared.contracts.reservation_previews import ReservationPreview
from shared.contracts.reservations import Sourcing
from shared.http.neighbour import Neighbour

REFERENCE = "sourcing-preview"
"""What inventory is told to call what it does not make."""


class ReservationPreviews(Neighbour):
    """A client of inventory's `POST /v1/reservations/preview`."""

    async def of(self, channel: str, lines: Mapping[str, int], plan: Plan) -> ReservationPreview:
        """What would be held under this plan now; nothing is. Raises `unavailable`, or what inventory refuses."""
        lost = "Inventory does not answer, so nobody knows what is where"
        body = {
            "reference": REFERENCE,
            "channel": channel,
            "lines": [{"sku": sku, "quantity": quantity} for sku, quantity in lines.items()],
            "sourcing": Sourcing.model_validate(plan, from_attributes=True).model_dump(),
        }
        return await self.ask("POST", "/v1/reservations/preview", ReservationPreview, lost, body=body)
