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
from shared.background import every
from shared.clock import Clock, utc_now
from shared.foundation import Foundation
from shared.http.app import build_app

DESCRIPTION = "Bags at the counter: when one can be ready, who picks it, who may take it, and when it lapses."


def create_app(settings: Settings, *, clock: Clock = utc_now, new_code: NewCode = new_code) -> FastAPI:
    """The app, with nothing opened yet: its lifespan connects, consumes and publishes."""
    foundation = Foundation(settings, SCHEMA, clock)
    preparation = timedelta(minutes=settings.preparation_minutes)
    policy = Policy(hold=timedelta(hours=settings.hold_hours), lock=timedelta(minutes=settings.lock_minutes))
    consumer = foundation.consumer(SCHEMA, TOPICS, routes(clock, preparation))
    availability = Availability(
        settings.inventory_url, settings.inventory_timeout_seconds, settings.token_secret, clock
    )

    sweeping = every(settings.lapse_interval_seconds, partial(sweep, foundation.database, clock, policy))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with availability, foundation.standing(consumer=consumer.run, lapses=sweeping):
            yield

    app = build_app(
        name=SCHEMA,
        description=DESCRIPTION,
        routers=[pickups.router, steps.router, options.router],
        lifespan=lifespan,
        foundation=foundation,
        settings=settings,
    )
    app.state.doors = Doors(
        foundation.database, clock, new_code, steps_door(foundation.database, clock, policy), availability, preparation
    )
    return app
