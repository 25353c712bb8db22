"""A chain of eight stores that can be struck down at any moment, and everything that a storm has brought to it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import asyncpg
import httpx
from fastapi import FastAPI

from services.installation import Installation
from services.together import create_app
from shared.contracts.values import rfc3339
from shared.http.auth import issue
from shared.principal import Role
from tests.clocks import MovableClock
from tests.integration.invariants import Look, invariants

SECRET = "a secret that is only good for tests"
STORES = tuple(f"S{number}" for number in range(1, 9))
IN_STOCK = ("tea", "rice", "salt", "soy")
AWAITED = "matcha"
"""Nobody has it yet."""
SKUS = (*IN_STOCK, AWAITED)
CHANNELS = ("web", "app", "delivery")
CAP = 6
"""Units of each item that the food-delivery app may sell."""
SLOT_CAPACITY = 1
OPENING = 4
"""Units of each item on each shelf: few, so that the last one is often asked for."""
PROFILE = {
    "opening_hours": {
        day: [{"opens": "10:00", "closes": "20:00"}]
        for day in ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    },
    "pickers": 1,
    "picking": {"seconds_per_order": 120, "seconds_per_line": 60},
    "slot_capacity": SLOT_CAPACITY,
}
PRICE = {"amount": 1290, "currency": "JPY"}
CUT_OFF = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> $1"
MIGRATING = asyncio.Lock()
"""Chains of one process stand up one after the other: Alembic knows one migration at a time."""
ORDERS = "/orders/v1/orders"
PICKUPS = "/pickup/v1/pickups"
FINAL = ("completed", "rejected", "cancelled")


@dataclass
class Sold:
    """A receipt of a till."""

    event: dict[str, Any]
    sku: str
    quantity: int


@dataclass
class Chain:
    """The services in this process on one database, and what outsiders remember."""

    database_url: str
    stands_on_its_invariants: Look
    clock: MovableClock = field(default_factory=MovableClock)
    orders: list[str] = field(default_factory=list)
    carts: list[str] = field(default_factory=list)
    sold: list[Sold] = field(default_factory=list)
    expected: list[dict[str, Any]] = field(default_factory=list)
    told: int = 0
    _app: FastAPI | None = None
    _standing: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def stand_up(self) -> None:
        installation = Installation(
            database_url=self.database_url,
            token_secret=SECRET,
            base_url="http://zaiko",
            token_command="zaiko token",
            bus="postgres",
            kafka_bootstrap_servers="none:9092",
        )
        self._app = create_app(installation, clock=self.clock)
        async with MIGRATING:
            await self._standing.enter_async_context(self._app.router.lifespan_context(self._app))

    async def fall(self) -> None:
        await self._standing.aclose()

    async def cut_off(self) -> None:
        """Every connection to the database breaks, whatever it was doing: what a dying process leaves behind."""
        connection = await asyncpg.connect(self.database_url)
        try:
            await connection.fetch(CUT_OFF, connection.get_server_pid())
        finally:
            await connection.close()

    async def answer(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        role: Role = "operator",
        at: str | None = None,
        **headers: str,
    ) -> httpx.Response:
        assert self._app is not None
        token = issue(SECRET, role, at, self.clock())
        sent = {"authorization": f"Bearer {token}"} | {name.replace("_", "-"): value for name, value in headers.items()}
        transport = httpx.ASGITransport(self._app)
        async with httpx.AsyncClient(transport=transport, base_url="http://zaiko", timeout=30) as client:
            return await client.request(method, path, json=body, headers=sent)

    async def ask(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """The answer's body; AssertionError for any refusal."""
        answer = await self.answer(method, path, body, **options)
        assert answer.status_code < 300, f"{method} {path} {body}: {answer.text}"
        return answer.json()

    async def attempt(self, path: str, body: Any = None, *refusals: str, **options: Any) -> Any:
        """A command that may be refused, for a reason that is one of these or a conflict; None where it is."""
        answer = await self.answer("POST", path, body, **options)
        if answer.status_code < 300:
            return answer.json()
        problem = answer.json()
        assert answer.status_code == 409 or problem["code"] in refusals, f"POST {path} {body}: {answer.text}"
        return None

    async def order(self, order_id: str) -> dict[str, Any]:
        shown: dict[str, Any] = await self.ask("GET", f"/orders/v1/orders/{order_id}")
        return shown

    async def bags(self, **asked: str) -> list[dict[str, Any]]:
        query = "&".join(f"{name}={value}" for name, value in asked.items())
        page = await self.ask("GET", f"/pickup/v1/pickups?limit=500&{query}")
        found: list[dict[str, Any]] = page["items"]
        return found

    def now(self) -> str:
        return rfc3339(self.clock())


@asynccontextmanager
async def standing(database_url: str) -> AsyncIterator[Chain]:
    """The chain on this database; everything is closed when the context is left."""
    async with invariants(database_url) as look:
        chain = Chain(database_url, look)
        try:
            await chain.stand_up()
            yield chain
        finally:
            await chain.fall()


async def open_stores(chain: Chain) -> None:
    """Eight stores with a few units of each item on every shelf, and a channel that may sell only some."""
    for number, place in enumerate(STORES):
        body = {"name": place, "kind": "store", "time_zone": "Asia/Tokyo", "ships": True, "offers_pickup": True}
        body |= {"latitude": 35.0 + number / 10, "longitude": 139.0, "groups": ["coast"] if number % 2 else []}
        await chain.ask("PUT", f"/inventory/v1/locations/{place}", body)
        await chain.ask("PUT", f"/pickup/v1/stores/{place}", PROFILE)
    for sku in SKUS:
        await chain.ask("PUT", f"/inventory/v1/items/{sku}", {"name": sku})
    delivery = {"name": "Food delivery", "limits": [{"cap": CAP}, {"location_group": "coast", "buffer": 1}]}
    await chain.ask("PUT", "/inventory/v1/channels/delivery", delivery)
    opening = rfc3339(chain.clock() - timedelta(days=1))
    movements = [
        {"id": f"{place}-{sku}", "kind": "receipt", "sku": sku, "location_id": place, "quantity": OPENING}
        | {"occurred_at": opening}
        for place in STORES
        for sku in IN_STOCK
    ]
    await chain.ask("POST", "/inventory/v1/stock/movements", {"movements": movements})
