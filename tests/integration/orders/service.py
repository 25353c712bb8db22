"""Orders as outsiders see it: over HTTP, and over the bus, on which the tests speak for inventory and the counters."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, TypeVar
from uuid import uuid4

import httpx
from fastapi import FastAPI
from pydantic import BaseModel
from sqlalchemy import text

from services.orders.store.verification import violations
from shared.bus.base import Message
from shared.bus.postgres import PostgresBus
from shared.contracts import locations, orders, pickups, reservations, stock
from shared.contracts.event import Event, EventType, from_message, to_headers
from shared.contracts.pickups import PickupChanged, PickupLineShort
from shared.contracts.registry import EVENT_TYPES
from shared.contracts.reservations import ReservationChanged, ReservationRejected, Shortage
from shared.contracts.stock import Oversold, PromiseAtRisk
from shared.contracts.values import Allocation, SkuQuantity
from shared.database import Database
from shared.http.auth import issue
from shared.principal import Role
from tests.clocks import MovableClock
from tests.conditions import eventually_async

SECRET = "a secret for tests that is long enough"
DataT = TypeVar("DataT", bound=BaseModel)
Promise = tuple[str, str, int]
"""(sku, location_id, quantity)"""


def line(sku: str, quantity: int = 1, amount: int = 1290, currency: str = "JPY") -> dict[str, Any]:
    return {"sku": sku, "quantity": quantity, "unit_price": {"amount": amount, "currency": currency}}


def ship_body(*lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An order that is shipped to Tokyo."""
    destination = {"country": "JP", "latitude": 35.68, "longitude": 139.77}
    return {
        "channel": "web",
        "currency": "JPY",
        "lines": list(lines) or [line("A")],
        "fulfilment": {"method": "ship", "destination": destination},
        **more,
    }


def pickup_body(*lines: dict[str, Any], at: str = "S1", **more: Any) -> dict[str, Any]:
    return ship_body(*lines, fulfilment={"method": "pickup", "location_id": at}, **more)


class OrdersService:
    """One process of orders."""

    def __init__(self, app: FastAPI, bus: PostgresBus, database: Database, clock: MovableClock) -> None:
        self.app = app
        self.bus = bus
        self.database = database
        self.clock = clock
        self.storefront = self.client("storefront")
        self.operator = self.client("operator")

    def client(self, role: Role, location_id: str | None = None, root_path: str = "") -> httpx.AsyncClient:
        token = issue(SECRET, role, location_id, self.clock())
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.app, root_path=root_path),
            base_url="http://orders",
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
        )

    async def place(self, body: dict[str, Any], wait_s: int = 0, key: str | None = None) -> httpx.Response:
        headers = {"Prefer": f"wait={wait_s}"} if wait_s else {}
        if key is not None:
            headers["Idempotency-Key"] = key
        return await self.storefront.post("/v1/orders", json=body, headers=headers)

    async def placed(self, body: dict[str, Any]) -> str:
        """Place an order; its id."""
        answer = await self.place(body)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["order_id"])

    async def confirmed(self, body: dict[str, Any], *promises: Promise) -> str:
        """Place an order, let inventory promise it from these places, and see it confirmed; its id."""
        order_id = await self.placed(body)
        await self.publish(held(order_id, *promises))
        await self.reaches(order_id, "confirmed")
        return order_id

    async def get(self, order_id: str) -> dict[str, Any]:
        answer = await self.operator.get(f"/v1/orders/{order_id}")
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    async def states(self, order_id: str) -> list[str]:
        return [step["state"] for step in (await self.get(order_id))["timeline"]]

    async def reaches(self, order_id: str, state: str) -> dict[str, Any]:
        """The order, once it is in this state."""

        async def is_there() -> bool:
            return bool((await self.get(order_id))["state"] == state)

        await eventually_async(is_there)
        return await self.get(order_id)

    async def publish(self, *events: Event) -> None:
        """As the service that owns the topic would."""
        messages = [
            Message(EVENT_TYPES[event.type].topic, event.key, to_headers(event), event.data) for event in events
        ]
        await self.bus.publish(messages)

    async def caught_up(self, topic: str) -> None:
        """Wait until everything published on the topic so far has taken effect here."""
        consumer = f"orders.{topic.removeprefix('zaiko.')}"
        ends = {place.number: end for place, end in (await self.bus.end_offsets(topic)).items() if end}
        statement = text(
            "SELECT partition, next_offset FROM consumer_offsets WHERE consumer = :consumer AND topic = :topic"
        )

        async def is_through() -> bool:
            async with self.database.reading() as connection:
                rows = (await connection.execute(statement, {"consumer": consumer, "topic": topic})).all()
            stored = {row.partition: row.next_offset for row in rows}
            return all(stored.get(number, 0) >= end for number, end in ends.items())

        await eventually_async(is_through)

    async def applied(self, *events: Event) -> None:
        """Publish the events and wait until they have taken effect."""
        await self.publish(*events)
        for topic in {EVENT_TYPES[event.type].topic for event in events}:
            await self.caught_up(topic)

    async def announced(self, kind: EventType[DataT], order_id: str | None = None) -> list[DataT]:
        """All events of this type on the bus, of one order or of all, once the outbox is empty."""
        await self.published_everything()
        stop = await self.bus.end_offsets(kind.topic)
        events = [
            from_message(record.message.headers, record.message.key, record.message.value)
            async for record in self.bus.read(kind.topic, {}, stop)
        ]
        return [kind.read(event) for event in events if event.type == kind.name and order_id in (None, event.key)]

    async def types_of(self, order_id: str) -> list[str]:
        """The types of what was announced about the order, in order."""
        await self.published_everything()
        stop = await self.bus.end_offsets(orders.TOPIC)
        return [
            record.message.headers["ce_type"].removeprefix("zaiko.order.").removesuffix(".v1")
            async for record in self.bus.read(orders.TOPIC, {}, stop)
            if record.message.key == order_id
        ]

    async def published_everything(self) -> None:
        await eventually_async(self._outbox_is_empty)

    async def _outbox_is_empty(self) -> bool:
        async with self.database.reading() as connection:
            return not (await connection.execute(text("SELECT count(*) FROM outbox"))).scalar_one()

    async def violations(self) -> list[str]:
        async with self.database.reading() as connection:
            return await violations(connection)

    async def close(self) -> None:
        await self.storefront.aclose()
        await self.operator.aclose()


Start = Callable[..., Awaitable[OrdersService]]


def _told(kind: EventType[DataT], data: DataT, source: str, at: datetime | None = None) -> Event:
    return kind.event(data, event_id=uuid4().hex, source=source, time=at or MovableClock()())


def held(order_id: str, *promises: Promise, reservation_id: str | None = None) -> Event:
    return _told(reservations.HELD, _reservation(order_id, "held", promises, reservation_id), "/inventory")


def released(order_id: str, *promises: Promise, state: str = "released") -> Event:
    kind = reservations.EXPIRED if state == "expired" else reservations.RELEASED
    return _told(kind, _reservation(order_id, state, promises, None), "/inventory")


def reservation_of(order_id: str) -> str:
    """The tests' inventory names a reservation after its order."""
    return f"reservation-{order_id}"


def _reservation(
    order_id: str, state: str, promises: tuple[Promise, ...], reservation_id: str | None
) -> ReservationChanged:
    return ReservationChanged.model_validate(
        {
            "reservation_id": reservation_id or reservation_of(order_id),
            "reference": order_id,
            "channel": "web",
            "state": state,
            "allocations": [Allocation(sku=sku, location_id=place, quantity=units) for sku, place, units in promises],
        }
    )


def rejected(order_id: str, sku: str = "A", requested: int = 1, available: int = 0) -> Event:
    data = ReservationRejected(
        reservation_id=reservation_of(order_id),
        reference=order_id,
        channel="web",
        shortages=[Shortage(sku=sku, requested=requested, available=available)],
    )
    return _told(reservations.REJECTED, data, "/inventory")


def bag(kind: EventType[PickupChanged], order_id: str, *lines: tuple[str, int], reason: str | None = None) -> Event:
    data = PickupChanged(
        pickup_id=f"pickup-{order_id}",
        order_id=order_id,
        reservation_id=reservation_of(order_id),
        location_id="S1",
        lines=[SkuQuantity(sku=sku, quantity=units) for sku, units in lines],
        reason=reason,
    )
    return _told(kind, data, "/pickup")


def short(order_id: str, sku: str, units: int) -> Event:
    data = PickupLineShort(
        pickup_id=f"pickup-{order_id}",
        order_id=order_id,
        reservation_id=reservation_of(order_id),
        location_id="S1",
        lines=[SkuQuantity(sku=sku, quantity=units)],
        reason="not on the shelf",
    )
    return _told(pickups.LINE_SHORT, data, "/pickup")


def oversold(*references: str, sku: str = "A", at: str = "W1", quantity: int = 1, shortfall: int = 0) -> Event:
    """Promises of so many units each are at risk; without a `shortfall` nothing of them is there."""
    promised = quantity * len(references)
    data = Oversold(
        sku=sku,
        location_id=at,
        on_hand=0,
        reserved=promised,
        shortfall=shortfall or promised,
        promises=[
            PromiseAtRisk(reservation_id=reservation_of(name), reference=name, state="confirmed", quantity=quantity)
            for name in references
        ],
        as_of=MovableClock()(),
    )
    return _told(stock.OVERSOLD, data, "/inventory")


def location(location_id: str, kind: str = "store", at: datetime | None = None, **changes: Any) -> Event:
    data = locations.LocationChanged.model_validate(
        {
            "location_id": location_id,
            "name": location_id,
            "kind": kind,
            "ships": True,
            "offers_pickup": kind == "store",
            **changes,
        }
    )
    return _told(locations.CHANGED, data, "/inventory", at)
