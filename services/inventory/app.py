"""Inventory, put together: the only place that knows every room."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from services.inventory.api import locations
from services.inventory.api.doors import Doors
from services.inventory.settings import SCHEMA, Settings
from shared.background import running
from shared.bus.opening import open_bus
from shared.clock import Clock, utc_now
from shared.database import Database
from shared.http.app import build_app
from shared.http.auth import Verifier
from shared.notifications import Notifications
from shared.relay import Relay

DESCRIPTION = (
    "What is where, what may be promised, and from where. Tills tell it facts, sales channels ask it for promises."
)


def create_app(settings: Settings, *, clock: Clock = utc_now) -> FastAPI:
    """The app, with nothing opened yet: its lifespan connects, consumes and publishes."""
    database = Database(settings.database_url, SCHEMA, settings.database_pool_size)
    bus = open_bus(settings)
    notifications = Notifications(settings.database_url)
    relay = Relay(database, bus, notifications)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await bus.start()
        try:
            async with running(notifications=notifications.run, relay=relay.run):
                yield
        finally:
            await bus.stop()
            await database.close()

    app = build_app(
        name=SCHEMA,
        description=DESCRIPTION,
        routers=[locations.router],
        lifespan=lifespan,
        verifier=Verifier(settings.token_secret, clock),
        database=database,
        body_limit_bytes=settings.body_limit_bytes,
        body_limits={"/v1/items/import": settings.import_limit_bytes},
    )
    app.state.doors = Doors(database, clock)
    return app
