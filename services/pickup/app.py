"""Pickup, put together: the only place that knows every room."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

from fastapi import FastAPI

from services.pickup.api import options, pickups, steps
from services.pickup.api.doors import Doors, steps_door
from services.pickup.domain.steps import Policy
from services.pickup.events import TOPICS, routes
from services.pickup.settings import SCHEMA, Settings
from services.pickup.store.availability import Availability
from services.pickup.usecases.lapses import sweep
from services.pickup.usecases.pickups import NewCode, new_code
from shared.background import every, running
from shared.bus.opening import open_bus
from shared.clock import Clock, utc_now
from shared.consumer import Consumer
from shared.database import Database
from shared.http import idempotency
from shared.http.app import build_app
from shared.http.auth import Verifier
from shared.notifications import Notifications
from shared.relay import Relay

DESCRIPTION = "Bags at the counter: when one can be ready, who picks it, who may take it, and when it lapses."
PRUNE_INTERVAL_S = 600


def create_app(settings: Settings, *, clock: Clock = utc_now, new_code: NewCode = new_code) -> FastAPI:
    """The app, with nothing opened yet: its lifespan connects, consumes and publishes."""
    database = Database(settings.database_url, SCHEMA, settings.database_pool_size)
    bus = open_bus(settings)
    notifications = Notifications(settings.database_url)
    relay = Relay(database, bus, notifications)
    preparation = timedelta(minutes=settings.preparation_minutes)
    policy = Policy(hold=timedelta(hours=settings.hold_hours), lock=timedelta(minutes=settings.lock_minutes))
    consumer = Consumer(SCHEMA, bus, database, TOPICS, routes(clock, preparation))
    availability = Availability(
        settings.inventory_url, settings.inventory_timeout_seconds, settings.token_secret, clock
    )

    async def prune() -> None:
        async with database.transaction() as transaction:
            await idempotency.prune(transaction, clock())

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await bus.start()
        try:
            async with (
                availability,
                running(
                    notifications=notifications.run,
                    relay=relay.run,
                    consumer=consumer.run,
                    lapses=every(settings.lapse_interval_seconds, partial(sweep, database, clock, policy)),
                    pruning=every(PRUNE_INTERVAL_S, prune),
                ),
            ):
                yield
        finally:
            await bus.stop()
            await database.close()

    app = build_app(
        name=SCHEMA,
        description=DESCRIPTION,
        routers=[pickups.router, steps.router, options.router],
        lifespan=lifespan,
        verifier=Verifier(settings.token_secret, clock),
        database=database,
        body_limit_bytes=settings.body_limit_bytes,
    )
    app.state.doors = Doors(database, clock, new_code, steps_door(database, clock, policy), availability, preparation)
    return app
