"""What inventory has available, asked over HTTP: the one thing that pickup reads from another service."""

from collections.abc import Sequence
from types import TracebackType
from typing import Self

import httpx
from pydantic import BaseModel, ValidationError

from shared.clock import Clock
from shared.errors import DomainError
from shared.http.auth import issue

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


class Availability:
    """A client of inventory's `POST /v1/availability/query`; use it as a context that closes its connections."""

    def __init__(self, inventory_url: str, timeout_s: float, token_secret: str, clock: Clock) -> None:
        # Inventory is a neighbour: no proxy stands between.
        self._client = httpx.AsyncClient(base_url=inventory_url, timeout=timeout_s, trust_env=False)
        self._token_secret = token_secret
        self._clock = clock

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def of(self, skus: Sequence[str], location_ids: Sequence[str]) -> Available:
        """The available units at these places; what inventory does not know is not there. Raises `unavailable`."""
        token = issue(self._token_secret, "operator", None, self._clock())
        try:
            answer = await self._client.post(
                "/v1/availability/query",
                json={"skus": list(skus), "location_ids": list(location_ids)},
                headers={"Authorization": f"Bearer {token}"},
            )
            answer.raise_for_status()
            items = _Answer.model_validate_json(answer.content).items
        except (httpx.HTTPError, ValidationError) as error:
            detail = "Inventory does not answer, so nobody knows what is where; try again in a moment."
            raise DomainError("unavailable", detail) from error
        return {(place.location_id, item.sku): place.available for item in items for place in item.locations}
