"""Before the week: the places, the items, and what lies on their shelves."""

import asyncio
import json
from calendar import day_name
from collections.abc import Callable, Iterable, Mapping, Sequence

from services.replay.client import Client, Refused
from services.replay.rules import OPENING_AT, WAREHOUSES, Pace, Place, Receipt, store
from shared.contracts.values import rfc3339
from shared.statements import chunks

BATCH_LIMIT_LINES = 500
SENDERS = 4


async def open_locations(client: Client, stores: Iterable[str]) -> None:
    """Put the stores and the two warehouses."""
    sending = asyncio.Semaphore(SENDERS)

    async def put(place: Place) -> None:
        async with sending:
            await client.send("PUT", f"/inventory/v1/locations/{place.location_id}", "operator", json=_location(place))

    await asyncio.gather(*(put(place) for place in [*WAREHOUSES, *map(store, stores)]))


async def describe_stores(client: Client, stores: Iterable[str], pace: Pace) -> None:
    """Put the stores' opening hours and the pace of their clerks."""
    sending = asyncio.Semaphore(SENDERS)
    always = [{"opens": "00:00", "closes": "24:00"}]
    profile = {
        "opening_hours": {day.lower(): always for day in day_name},
        "pickers": 1,
        "picking": {"seconds_per_order": pace.per_order_s, "seconds_per_line": pace.per_line_s},
    }

    async def put(location_id: str) -> None:
        async with sending:
            await client.send("PUT", f"/pickup/v1/stores/{location_id}", "operator", json=profile)

    await asyncio.gather(*map(put, sorted(stores)))


async def list_items(client: Client, names: Mapping[str, str]) -> None:
    """Import the items. Raises Refused where one is not accepted."""
    lines = [json.dumps({"sku": sku, "name": name}) for sku, name in names.items()]
    response = await client.send(
        "POST",
        "/inventory/v1/items/import",
        "operator",
        content="\n".join(lines),
        headers={"Content-Type": "application/x-ndjson"},
    )
    rejected = response.json()["rejected"]
    if rejected:
        raise Refused(response.status_code, rejected[0]["code"], f"{len(rejected)} items, first {rejected[0]}")


async def receive_opening_stock(client: Client, receipts: Sequence[Receipt], done: Callable[[int], None]) -> int:
    """Receive the opening stock; `done` hears the number of lines of each batch that is in.

    Answers how many receipts were there already, from a replay before.
    """
    sending = asyncio.Semaphore(SENDERS)

    async def receive(batch: Sequence[Receipt]) -> int:
        async with sending:
            answer = await client.post(
                "/inventory/v1/stock/movements", {"movements": [_movement(receipt) for receipt in batch]}
            )
            done(len(batch))
            return int(answer["duplicates"])

    return sum(await asyncio.gather(*(receive(batch) for batch in chunks(receipts, BATCH_LIMIT_LINES))))


def _location(place: Place) -> dict[str, object]:
    is_store = place.kind == "store"
    return {
        "name": place.name,
        "kind": place.kind,
        "latitude": place.latitude,
        "longitude": place.longitude,
        "ships": not is_store,
        "offers_pickup": is_store,
    }


def _movement(receipt: Receipt) -> dict[str, object]:
    return {
        "id": receipt.movement_id,
        "kind": "receipt",
        "sku": receipt.sku,
        "location_id": receipt.location_id,
        "quantity": receipt.quantity,
        "occurred_at": rfc3339(OPENING_AT),
        "reason": "opening stock",
    }
