"""What inventory has available, asked over HTTP."""

from collections.abc import Sequence

from pydantic import BaseModel

from shared.http.neighbour import Neighbour

Available = dict[tuple[str, str], int]
"""Units by (location_id, sku)."""


class _Place(BaseModel):
    location_id: str
    available: int


class _Item(BaseModel):
    sku: str
    locations: list[_Place]


class _Answer(BaseModel):
    items: list[_Item]


class Availability(Neighbour):
    """A client of inventory's `POST /v1/availability/query`."""

    async def of(self, skus: Sequence[str], location_ids: Sequence[str], channel: str | None) -> Available:
        """What the channel, or one without limits, sees available at these places. Raises `unavailable`.

        What inventory does not know is not there.
        """
        lost = "Inventory does not answer, so nobody knows what is where"
        body = {"skus": list(skus), "location_ids": list(location_ids), "channel": channel}
        answer = await self.ask("POST", "/v1/availability/query", _Answer, lost, body=body)
        return {(place.location_id, item.sku): place.available for item in answer.items for place in item.locations}
