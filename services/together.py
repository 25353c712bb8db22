"""All three services in one process, on one database and one bus: each migrated, and mounted under its name."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
from fastapi import FastAPI, Response
from fastapi.responses import HTMLResponse

from services.entry import entry_page
from services.installation import Installation
from services.inventory import app as inventory_app
from services.inventory import migrations as inventory_migrations
from services.inventory.settings import Settings as InventorySettings
from services.orders import app as orders_app
from services.orders import migrations as orders_migrations
from services.orders.settings import Settings as OrdersSettings
from services.pickup import app as pickup_app
from services.pickup import migrations as pickup_migrations
from services.pickup.settings import Settings as PickupSettings
from shared.asyncapi.document import document
from shared.bus.opening import open_bus, started
from shared.clock import Clock, utc_now
from shared.database import Database
from shared.http.app import VERSION
from shared.http.events_page import add_events_page
from shared.migration import migrate

MIGRATIONS = {"inventory": inventory_migrations, "orders": orders_migrations, "pickup": pickup_migrations}


def create_app(installation: Installation, *, clock: Clock = utc_now) -> FastAPI:
    """The parent app; its lifespan brings the schemas up to date and then enters the lifespan of each service."""
    common: dict[str, Any] = {
        "database_url": installation.database_url,
        "token_secret": installation.token_secret,
        "bus": installation.bus,
        "kafka_bootstrap_servers": installation.kafka_bootstrap_servers,
    }
    asking = common | {"inventory_url": f"{installation.base_url}/inventory"}
    inventory = InventorySettings(**common)
    bus = open_bus(inventory)
    apps = {
        "inventory": inventory_app.create_app(inventory, clock=clock, bus=bus),
        "orders": orders_app.create_app(OrdersSettings(**asking), clock=clock, bus=bus),
        "pickup": pickup_app.create_app(PickupSettings(**asking), clock=clock, bus=bus),
    }

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await _migrate_all(installation.database_url)
        async with started(bus), AsyncExitStack() as entered:
            for app in apps.values():
                await entered.enter_async_context(app.router.lifespan_context(app))
            yield

    parent = FastAPI(title="Zaiko", version=VERSION, lifespan=lifespan, openapi_url=None)
    _add_operations(parent, apps)
    _add_entry(parent, installation)
    applications = [app.state.application for app in apps.values()]
    events = document("Zaiko", VERSION, applications, inventory)
    add_events_page(parent, events, {"all services": "."})
    for name, app in apps.items():
        parent.mount(f"/{name}", app, name=name)
    return parent


async def _migrate_all(database_url: str) -> None:
    for name, migrations in MIGRATIONS.items():
        database = Database(database_url, name, pool_size=1)
        try:
            await migrate(database, migrations)
        finally:
            await database.close()


def _add_entry(parent: FastAPI, installation: Installation) -> None:
    page = entry_page(installation.base_url, installation.token_command)

    @parent.get("/", include_in_schema=False)
    async def entry() -> HTMLResponse:
        return HTMLResponse(page)


def _add_operations(parent: FastAPI, apps: Mapping[str, FastAPI]) -> None:
    @parent.get("/health/live")
    async def live() -> dict[str, str]:
        return {"status": "live"}

    @parent.get("/health/ready")
    async def ready(response: Response) -> dict[str, object]:
        """200 when every service is ready, else 503; either way which one is."""
        statuses = await asyncio.gather(*(_status(app) for app in apps.values()))
        is_ready = all(status == 200 for status in statuses)
        if not is_ready:
            response.status_code = 503
            response.headers["Retry-After"] = "1"
        services = {
            name: "ready" if status == 200 else "unavailable" for name, status in zip(apps, statuses, strict=True)
        }
        return {"status": "ready" if is_ready else "unavailable", "services": services}


async def _status(app: FastAPI) -> int:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://in-process") as client:
        return (await client.get("/health/ready")).status_code
