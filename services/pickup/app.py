"""Pickup, put together: the only place that knows every room."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

from fastapi import FastAPI

from services.pickup.api import deliveries, options, pickups, ratings, rounds, steps, stores, transfers, webhooks
from services.pickup.api.doors import Doors, begin_round_door, step_round_door, step_transfer_door, steps_door
from services.pickup.api.webhook_doors import webhook_doors
from services.pickup.domain.steps import Policy
from services.pickup.events import TOPICS, WEBHOOK_TOPICS, routes, webhook_routes
from services.pickup.settings import SCHEMA, Settings
from services.pickup.store.availability import Availability
from services.pickup.store.items import Items
from services.pickup.store.receivers import Receivers
from services.pickup.usecases.deliveries import is_anybody_told
from services.pickup.usecases.lapses import sweep
from services.pickup.usecases.pickups import NewCode, new_code
from services.pickup.usecases.sending import SENDING_LIMIT, Sender, forget_old
from services.pickup.usecases.webhooks import new_secret
from shared.background import Loop, every
from shared.bus.base import Bus
from shared.clock import Clock, utc_now
from shared.foundation import Foundation
from shared.http.app import build_app

DESCRIPTION = (
    "Bags at the counter: when one can be ready, who picks it, who may take it, when it lapses, and who is told."
)
ROUTERS = [
    pickups.router,
    steps.router,
    rounds.router,
    ratings.router,
    options.router,
    stores.router,
    transfers.router,
    webhooks.router,
    deliveries.router,
]
WEBHOOK_PAUSE_S = 0.1
"""Between two fetches of what webhooks are told: it is read in larger pieces."""
FORGET_INTERVAL_S = 600.0


def create_app(
    settings: Settings, *, clock: Clock = utc_now, bus: Bus | None = None, new_code: NewCode = new_code
) -> FastAPI:
    """The app, with nothing opened yet: its lifespan connects, consumes and publishes.

    A `bus` that it shares with others has been started when its lifespan begins.
    """
    foundation = Foundation(settings, SCHEMA, clock, bus)
    preparation = timedelta(minutes=settings.preparation_minutes)
    policy = Policy(
        hold=timedelta(hours=settings.hold_hours),
        lock=timedelta(minutes=settings.lock_minutes),
        reminder=timedelta(hours=settings.reminder_hours),
    )
    travel = timedelta(hours=settings.transfer_hours)
    consumer = foundation.consumer(SCHEMA, TOPICS, routes(clock, preparation, travel))
    availability = Availability(
        settings.inventory_url, settings.inventory_timeout_seconds, settings.token_secret, clock
    )
    items = Items(settings.inventory_url, settings.inventory_timeout_seconds, settings.token_secret, clock)

    sweeping = every(settings.lapse_interval_seconds, partial(sweep, foundation.database, clock, policy))
    receivers = Receivers(settings.webhook_network, settings.webhook_timeout_seconds, SENDING_LIMIT)
    telling = _telling(foundation, receivers, settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with (
            availability,
            items,
            receivers,
            foundation.standing(consumer=consumer.run, lapses=sweeping, **telling),
        ):
            yield

    app = build_app(
        name=SCHEMA,
        description=DESCRIPTION,
        routers=ROUTERS,
        lifespan=lifespan,
        foundation=foundation,
        settings=settings,
    )
    app.state.doors = Doors(
        database=foundation.database,
        clock=clock,
        new_code=new_code,
        steps=steps_door(foundation.database, clock, policy),
        begin_round=begin_round_door(foundation.database, clock, policy),
        step_round=step_round_door(foundation.database, clock, policy),
        step_transfer=step_transfer_door(foundation.database, clock),
        items=items,
        availability=availability,
        preparation=preparation,
        travel=travel,
    )
    app.state.webhook_doors = webhook_doors(foundation.database, clock, settings.webhook_network, new_secret)
    return app


def _telling(foundation: Foundation, receivers: Receivers, settings: Settings) -> dict[str, Loop]:
    """The loops that hear what webhooks are told of, tell them, and forget what was told long ago."""
    database, clock = foundation.database, foundation.clock
    heard = foundation.consumer(
        "pickup.webhooks",
        WEBHOOK_TOPICS,
        webhook_routes(clock),
        pause_s=WEBHOOK_PAUSE_S,
        needs=partial(is_anybody_told, database),
    )
    sender = Sender(database, receivers, clock, settings.webhook_timeout_seconds)
    retention = timedelta(days=settings.webhook_retention_days)
    forgetting = every(FORGET_INTERVAL_S, partial(forget_old, database, clock, retention))
    return {"webhooks": heard.run, "sender": sender.run, "forgetting": forgetting}
