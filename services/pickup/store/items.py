"""Which items have a GTIN: asked of inventory over HTTP, because pickup knows no catalogue."""

from pydantic import BaseModel

from shared.http.neighbour import Neighbour


class _Item(BaseModel):
    sku: str


class _Items(BaseModel):
    items: list[_Item]


class Items(Neighbour):
    """A client of inventory's `GET /v1/items`."""

    async def with_gtin(self, gtin: str) -> list[str]:
        """The SKUs of all items with this GTIN, usually one. Raises `unavailable`."""
        lost = "Inventory does not answer, so nobody knows what this code is: pick by SKU"
        answer = await self.ask("GET", "/v1/items", _Items, lost, query={"gtin": gtin})
        return [item.sku for item in answer.items]
