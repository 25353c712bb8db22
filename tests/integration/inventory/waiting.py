"""Orders that would wait, what is expected for them, and what is announced of both."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx

from shared.contracts import orders, reservations
from shared.contracts.event import Event
from shared.contracts.values import Money, SkuQuantity
from tests.conditions import eventually_async
from tests.integration.inventory.conftest import Inventory

NOW = datetime(2017, 11, 20, 9, tzinfo=UTC)
FRIDAY = "2099-11-27T09:00:00Z"
MONDAY = "2099-11-30T09:00:00Z"
Told = tuple[str, dict[str, Any]]
"""The last word of an event's type, and its data."""


def placed(
    order_id: str, *lines: tuple[str, int], at: Sequence[str] = ("W1",), policy: str = "fewest_splits", **more: Any
) -> Event:
    """An order that would wait."""
    data = orders.OrderPlaced(
        order_id=order_id,
        channel="web",
        lines=[orders.OrderLine(sku=sku, quantity=n, unit_price=Money(amount=1, currency="JPY")) for sku, n in lines],
        fulfilment=orders.ShipFulfilment(method="ship", destination=orders.Destination(country="JP")),
        sourcing=reservations.Sourcing.model_validate({"policy": policy, "candidates": list(at)}),
        **{"backorder": True, **more},
    )
    return orders.PLACED.event(data, event_id=f"placed-{order_id}", source="/orders", time=NOW)


def cancelled(order_id: str, *lines: tuple[str, int], complete: bool = False) -> Event:
    data = orders.OrderCancelled(
        order_id=order_id,
        channel="web",
        lines=[SkuQuantity(sku=sku, quantity=units) for sku, units in lines],
        complete=complete,
        reason="changed my mind",
    )
    return orders.CANCELLED.event(data, event_id=uuid4().hex, source="/orders", time=NOW)


async def expect(
    inventory: Inventory, incoming_id: str, sku: str, quantity: int, at: str, place: str = "W1", **more: Any
) -> httpx.Response:
    body = {"location_id": place, "sku": sku, "quantity": quantity, "expected_at": at, **more}
    return await inventory.operator.put(f"/v1/incoming/{incoming_id}", json=body)


async def arrive(inventory: Inventory, sku: str, quantity: int, reference: str | None = None, at: str = "W1") -> None:
    more = {"reference": reference} if reference else {}
    (await inventory.move("receipt", sku, at, quantity, "2017-11-20T10:00:00Z", **more)).raise_for_status()


async def told(inventory: Inventory, order_id: str) -> list[Told]:
    """What was announced about the order's reservation so far."""
    end = await inventory.bus.end_offsets(reservations.TOPIC)
    return [
        (
            record.message.headers["ce_type"].removeprefix("zaiko.reservation.").removesuffix(".v1"),
            json.loads(record.message.value),
        )
        async for record in inventory.bus.read(reservations.TOPIC, {}, end)
        if record.message.key == order_id
    ]


async def answer(inventory: Inventory, order_id: str, number: int = 1) -> Told:
    """The nth announcement about the order's reservation, once it is there."""
    found: list[Told] = []

    async def is_there() -> bool:
        found[:] = await told(inventory, order_id)
        return len(found) >= number

    await eventually_async(is_there)
    return found[number - 1]


async def becomes(inventory: Inventory, sku: str, place: str = "W1", **quantities: int) -> None:
    async def is_so() -> bool:
        return quantities.items() <= (await inventory.level(sku, place)).items()

    is_so.__qualname__ = f"the level of {sku} at {place} is {quantities}"
    await eventually_async(is_so)


def awaited(data: dict[str, Any]) -> list[tuple[str, str, int, str | None]]:
    return [(u["sku"], u["location_id"], u["quantity"], u.get("promised_by")) for u in data["awaited"]]


def held(data: dict[str, Any]) -> list[tuple[str, str, int]]:
    return [(u["sku"], u["location_id"], u["quantity"]) for u in data["allocations"]]
