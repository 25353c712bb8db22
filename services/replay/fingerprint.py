"""The final stock in one short word: two replays that agree in it agree on every shelf."""

import asyncio
from collections.abc import Iterable
from hashlib import sha256
from typing import Any

from services.replay.client import Client
from services.replay.rules import Place

PAGE_LIMIT = 500
READERS = 4
SHOWN_CHARACTERS = 12


async def stock_fingerprint(client: Client, places: Iterable[Place]) -> str:
    """Hexadecimal digits over place, item, on hand and reserved of every level at these places."""
    reading = asyncio.Semaphore(READERS)

    async def read(place: Place) -> list[str]:
        async with reading:
            return await _levels(client, place.location_id)

    shelves = await asyncio.gather(*(read(place) for place in places))
    rows = sorted(row for shelf in shelves for row in shelf)
    return sha256("\n".join(rows).encode()).hexdigest()[:SHOWN_CHARACTERS]


async def _levels(client: Client, location_id: str) -> list[str]:
    rows: list[str] = []
    asked: dict[str, Any] = {"location_id": location_id, "limit": PAGE_LIMIT}
    while True:
        page = (await client.send("GET", "/inventory/v1/stock", "operator", params=asked)).json()
        rows += [f"{location_id}/{level['sku']} {level['on_hand']} {level['reserved']}" for level in page["items"]]
        if page["next_cursor"] is None:
            return rows
        asked["cursor"] = page["next_cursor"]
