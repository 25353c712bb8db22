"""Channels as an operator puts them, and as those who sell through them see the stock."""

from typing import Any

import httpx

from tests.conditions import eventually_async
from tests.integration.inventory.conftest import Inventory


async def put(inventory: Inventory, channel: str = "market", **members: Any) -> httpx.Response:
    return await inventory.operator.put(f"/v1/channels/{channel}", json={"name": channel, **members})


async def limit(inventory: Inventory, *limits: dict[str, Any], channel: str = "market") -> dict[str, Any]:
    answer = await put(inventory, channel, limits=list(limits))
    answer.raise_for_status()
    shown: dict[str, Any] = answer.json()
    return shown


async def seen(inventory: Inventory, sku: str = "A", channel: str | None = "market") -> dict[str, int]:
    """Units by place, and `all` of them."""
    asked: dict[str, str] = {"sku": sku} | ({"channel": channel} if channel else {})
    (item,) = (await inventory.operator.get("/v1/availability", params=asked)).json()["items"]
    return {"all": item["available"], **{at["location_id"]: at["available"] for at in item["locations"]}}


async def buy(inventory: Inventory, quantity: int = 1, sku: str = "A", **more: Any) -> httpx.Response:
    return await inventory.reserve(sku, quantity, **{"channel": "market", **more})


async def step(inventory: Inventory, held: httpx.Response, *commands: str) -> None:
    for command in commands:
        path = f"/v1/reservations/{held.json()['reservation_id']}/{command}"
        (await inventory.operator.post(path)).raise_for_status()


async def answered(inventory: Inventory, kind: Any, reference: str) -> Any:
    """The data of the first event of the kind with this key."""
    found: list[Any] = []

    async def is_there() -> bool:
        ends = await inventory.bus.end_offsets(kind.topic)
        records = [record async for record in inventory.bus.read(kind.topic, {}, ends)]
        found.extend(
            kind.data.model_validate_json(record.message.value)
            for record in records
            if record.message.headers["ce_type"] == kind.name and record.message.key == reference
        )
        return bool(found)

    await eventually_async(is_there)
    return found[0]
