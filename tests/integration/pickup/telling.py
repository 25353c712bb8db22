"""Webhooks of the pickup service, asked for and looked at from outside."""

from typing import Any

import httpx

from shared.contracts import pickups
from tests.conditions import eventually_async
from tests.integration.pickup.service import PickupService
from tests.receiver import Receiver

READY = pickups.READY.name
URL = "https://mails.example.com/zaiko"


async def subscribe(service: PickupService, receiver: Receiver, *event_types: str, name: str = "mails") -> None:
    answer = await put(service, url=receiver.url, event_types=list(event_types), name=name)
    assert answer.status_code == 201, answer.text
    receiver.secrets.append(answer.json()["secret"])


async def put(service: PickupService, name: str = "mails", **body: Any) -> httpx.Response:
    async with service.client() as operator:
        return await operator.put(f"/v1/webhooks/{name}", json={"url": URL, "event_types": [READY]} | body)


async def get(service: PickupService, path: str) -> Any:
    async with service.client() as operator:
        answer = await operator.get(f"/v1/webhooks{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def told(service: PickupService, name: str = "mails", **members: Any) -> dict[str, Any]:
    """The only delivery of a webhook, once it has these members."""
    found: list[dict[str, Any]] = []

    async def has_them() -> bool:
        found[:] = (await get(service, f"/{name}/deliveries"))["items"]
        return len(found) == 1 and members.items() <= found[0].items()

    has_them.__qualname__ = f"the delivery has {members}"
    await eventually_async(has_them)
    return found[0]
