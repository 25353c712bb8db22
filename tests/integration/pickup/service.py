"""The pickup service as its neighbours see it: events in, events out, and HTTP."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import httpx
from fastapi import FastAPI
from sqlalchemy import text

from shared.bus.base import Message, Partition
from shared.bus.postgres import PostgresBus
from shared.contracts import locations, orders, pickups
from shared.contracts.event import Event, from_message, to_headers
from shared.contracts.locations import LocationChanged
from shared.contracts.orders import (
    Destination,
    OrderCancelled,
    OrderConfirmed,
    PickupFulfilment,
    ShipFulfilment,
    SlotWish,
)
from shared.contracts.registry import EVENT_TYPES
from shared.contracts.values import Allocation, SkuQuantity
from shared.database import Database
from shared.http.auth import issue
from shared.identifiers import new_id
from shared.principal import Role

SECRET = "a secret that is only good for tests"
CODE = "407718"
WRONG = "000000"
STORE = "S1"
ALREADY_STORED = text(
    "SELECT topic, partition, next_offset FROM consumer_offsets WHERE consumer = 'pickup' AND topic = :topic"
)
NOTHING_WAITS = text("SELECT NOT EXISTS (SELECT FROM outbox)")


class MovingClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2017, 11, 20, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, **time_span: float) -> None:
        self.now += timedelta(**time_span)


class Announced(NamedTuple):
    """What pickup published: the last word of the type's name, and the data."""

    kind: str
    data: Any


class PickupService:
    """One running app, with the bus and the database beside it."""

    def __init__(self, app: FastAPI, bus: PostgresBus, database: Database, clock: MovingClock) -> None:
        self.app = app
        self.bus = bus
        self.database = database
        self.clock = clock

    def client(self, role: Role = "operator", location_id: str | None = None) -> httpx.AsyncClient:
        """A client with a token of this role."""
        token = issue(SECRET, role, location_id, self.clock())
        transport = httpx.ASGITransport(self.app)
        return httpx.AsyncClient(
            transport=transport, base_url="http://pickup", headers={"Authorization": f"Bearer {token}"}
        )

    def staff(self, location_id: str = STORE) -> httpx.AsyncClient:
        return self.client("store-staff", location_id)

    async def publish(self, *events: Event) -> None:
        """Put the events on the bus and wait until pickup has applied them."""
        await self.bus.publish(
            [Message(EVENT_TYPES[event.type].topic, event.key, to_headers(event), event.data) for event in events]
        )
        for topic in {EVENT_TYPES[event.type].topic for event in events}:
            await eventually(lambda topic=topic: self._has_applied(topic))  # type: ignore[misc]

    async def _has_applied(self, topic: str) -> bool:
        async with self.database.reading() as connection:
            rows = (await connection.execute(ALREADY_STORED, {"topic": topic})).all()
        stored = {Partition(row.topic, row.partition): row.next_offset for row in rows}
        ends = await self.bus.end_offsets(topic)
        return all(stored.get(partition, 0) == end for partition, end in ends.items())

    async def announced(self, order_id: str) -> list[Announced]:
        """Everything that was published about the order so far, in its order."""

        async def is_all_published() -> bool:
            async with self.database.reading() as connection:
                return bool((await connection.execute(NOTHING_WAITS)).scalar_one())

        await eventually(is_all_published)
        found = []
        async for record in self.bus.read(pickups.TOPIC, {}, await self.bus.end_offsets(pickups.TOPIC)):
            event = from_message(record.message.headers, record.message.key, record.message.value)
            if event.key == order_id:
                found.append(Announced(event.type.split(".")[-2], EVENT_TYPES[event.type].read(event)))
        return found

    async def requested(self, **units: int) -> dict[str, Any]:
        """A pickup of so many units of each SKU, requested by a confirmed order."""
        order_id = new_id()
        await self.publish(confirmed(order_id, self.clock(), {STORE: units}))
        return await self.of_order(order_id)

    async def of_order(self, order_id: str) -> dict[str, Any]:
        """The order's only pickup as the operator sees it."""
        async with self.client() as operator:
            answer = await operator.get("/v1/pickups", params={"order_id": order_id})
        (pickup,) = answer.json()["items"]
        return dict(pickup)

    async def ready(self, **units: int) -> dict[str, Any]:
        """A ready pickup with all its units."""
        pickup = await self.requested(**units)
        async with self.staff() as staff:
            await step(staff, pickup, "start")
            for sku, quantity in units.items():
                await step(staff, pickup, f"lines/{sku}/pick", quantity=quantity)
            await step(staff, pickup, "ready")
        return await self.of_order(pickup["order_id"])


async def press(client: httpx.AsyncClient, pickup: Mapping[str, Any], name: str, **body: Any) -> httpx.Response:
    """Ask for a step of the pickup."""
    return await client.post(f"/v1/pickups/{pickup['pickup_id']}/{name}", json=body or None)


async def step(client: httpx.AsyncClient, pickup: Mapping[str, Any], name: str, **body: Any) -> dict[str, Any]:
    """Take a step that must not be refused; answers the pickup after it."""
    answer = await press(client, pickup, name, **body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def confirmed(
    order_id: str,
    at: datetime,
    allocations: Mapping[str, Mapping[str, int]],
    *,
    ships: bool = False,
    slot: datetime | None = None,
) -> Event:
    """A confirmed order with units by location and SKU; `slot` is when it will be collected."""
    wish = None if slot is None else SlotWish(starts_at=slot)
    fulfilment = (
        ShipFulfilment(method="ship", destination=Destination(country="JP"))
        if ships
        else PickupFulfilment(method="pickup", location_id=next(iter(allocations)), slot=wish)
    )
    data = OrderConfirmed(
        order_id=order_id,
        channel="web",
        reservation_id=new_id(),
        fulfilment=fulfilment,
        allocations=[
            Allocation(sku=sku, location_id=location_id, quantity=quantity)
            for location_id, units in allocations.items()
            for sku, quantity in units.items()
        ],
    )
    return orders.CONFIRMED.event(data, event_id=new_id(), source="/orders", time=at)


def cancelled(order_id: str, at: datetime, *, complete: bool = False, **units: int) -> Event:
    data = OrderCancelled(
        order_id=order_id,
        channel="web",
        reservation_id=new_id(),
        lines=[SkuQuantity(sku=sku, quantity=quantity) for sku, quantity in units.items()],
        complete=complete,
        reason="changed my mind",
    )
    return orders.CANCELLED.event(data, event_id=new_id(), source="/orders", time=at)


def location(location_id: str, at: datetime, **changes: Any) -> Event:
    known = {"name": location_id, "kind": "store", "ships": True, "offers_pickup": True, **changes}
    data = LocationChanged(location_id=location_id, **known)
    return locations.CHANGED.event(data, event_id=new_id(), source="/inventory", time=at)


async def eventually(condition: Callable[[], Awaitable[bool]], timeout_s: float = 30.0) -> None:
    """Returns once the condition is true."""
    deadline = time.monotonic() + timeout_s
    while not await condition():
        assert time.monotonic() < deadline, f"not within {timeout_s} s: {condition}"
        await asyncio.sleep(0.01)
