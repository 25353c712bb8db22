"""Orders, put together: the only place that knows every room."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from services.orders import events as bus_door
from services.orders.api import cancellations, orders, placements, returns, shipments
from services.orders.api.decisions import Decisions
from services.orders.api.doors import open_doors
from services.orders.settings import SCHEMA, Settings
from services.orders.store.locations import Networks
from services.orders.store.orders import DECIDED_CHANNEL
from shared.background import every, running
from shared.bus.opening import open_bus
from shared.clock import Clock, utc_now
from shared.consumer import Consumer
from shared.contracts import locations as locations_contract
from shared.contracts import pickups, reservations, stock
from shared.database import Database
from shared.http import idempotency
from shared.http.app import build_app
from shared.http.auth import Verifier
from shared.notifications import Notifications
from shared.relay import Relay

DESCRIPTION = "What customers ordered, from where it is promised, and what became of it: one state, one timeline."
ROUTERS = [placements.router, orders.router, cancellations.router, shipments.router, returns.router]
PRUNE_INTERVAL_S = 600


def create_app(settings: Settings, *, clock: Clock = utc_now) -> FastAPI:
    """The app, with nothing opened yet: its lifespan connects, consumes and publishes."""
    database = Database(settings.database_url, SCHEMA, settings.database_pool_size)
    bus = open_bus(settings)
    notifications = Notifications(settings.database_url)
    relay = Relay(database, bus, notifications)
    decisions = Decisions(database, settings.waiting_limit)
    notifications.on(DECIDED_CHANNEL, decisions.on_decided)
    # A consumer for each topic, so that a wave of stock levels never stands before a checkout's answer.
    consumers = {
        topic: Consumer(f"orders.{topic.removeprefix('zaiko.')}", bus, database, (topic,), routes)
        for topic, routes in {
            reservations.TOPIC: bus_door.reservation_routes(clock),
            pickups.TOPIC: bus_door.pickup_routes(clock),
            locations_contract.TOPIC: bus_door.location_routes(),
            stock.TOPIC: bus_door.stock_routes(clock),
        }.items()
    }

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
                pruning=every(PRUNE_INTERVAL_S, prune),
                **{consumer.name: consumer.run for consumer in consumers.values()},
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
    )
    networks = Networks()
    place = placements.placing(clock, networks, settings.candidates_limit)
    app.state.doors = open_doors(database, clock, decisions, networks, place)
    return app
