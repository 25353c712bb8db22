"""Inventory, put together: the only place that knows every room."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from services.inventory import events as bus_door
from services.inventory.api import availability, events, items, locations, reservations, stock, stream, tills
from services.inventory.api.doors import Doors
from services.inventory.api.stock_feed import StockFeed
from services.inventory.settings import SCHEMA, Settings
from services.inventory.usecases.reservations import expire_lapsed
from shared.background import every, running
from shared.bus.opening import open_bus
from shared.clock import Clock, utc_now
from shared.consumer import Consumer
from shared.database import Database
from shared.http import idempotency
from shared.http.app import build_app
from shared.http.auth import Verifier
from shared.http.door import Door
from shared.notifications import Notifications
from shared.relay import Relay

DESCRIPTION = (
    "What is where, what may be promised, and from where. Tills tell it facts, sales channels ask it for promises."
)
ROUTERS = [
    locations.router,
    items.router,
    stock.router,
    availability.router,
    reservations.router,
    events.router,
    tills.router,
    stream.router,
]
PRUNE_INTERVAL_S = 600


def create_app(settings: Settings, *, clock: Clock = utc_now) -> FastAPI:
    """The app, with nothing opened yet: its lifespan connects, consumes and publishes."""
    database = Database(settings.database_url, SCHEMA, settings.database_pool_size)
    bus = open_bus(settings)
    notifications = Notifications(settings.database_url)
    relay = Relay(database, bus, notifications)
    feed = StockFeed(bus)
    facts = Consumer("inventory.tills", bus, database, bus_door.TILL_TOPICS, bus_door.till_routes(clock))
    promises = Consumer("inventory.promises", bus, database, bus_door.PROMISE_TOPICS, bus_door.promise_routes(clock))

    async def expire() -> None:
        async with database.transaction() as transaction:
            await expire_lapsed(transaction, clock())

    async def prune() -> None:
        async with database.transaction() as transaction:
            await idempotency.prune(transaction, clock())

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await bus.start()
        try:
            async with running(
                notifications=notifications.run,
                relay=relay.run,
                feed=feed.run,
                facts=facts.run,
                promises=promises.run,
                expiry=every(settings.expiry_interval_seconds, expire),
                pruning=every(PRUNE_INTERVAL_S, prune),
            ):
                yield
        finally:
            await bus.stop()
            await database.close()

    app = build_app(
        name=SCHEMA,
        description=DESCRIPTION,
        routers=ROUTERS,
        lifespan=lifespan,
        verifier=Verifier(settings.token_secret, clock),
        database=database,
        body_limit_bytes=settings.body_limit_bytes,
        body_limits={"/v1/items/import": settings.import_limit_bytes},
    )
    app.state.doors = Doors(
        database=database,
        clock=clock,
        settings=settings,
        feed=feed,
        items=Door("items", database, items.decide_items),
        movements=Door("movements", database, stock.moving(clock)),
        reserve=Door("reserve", database, reservations.reserving(clock)),
        change_reservation=Door("change_reservation", database, reservations.changing(clock)),
        till_events=Door("till_events", database, events.recording(clock)),
    )
    return app
