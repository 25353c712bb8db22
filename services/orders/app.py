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
from services.orders.store.orders import DECIDED_CHANNEL, is_identifier
from shared.clock import Clock, utc_now
from shared.contracts import locations as locations_contract
from shared.contracts import pickups, reservations, stock
from shared.foundation import Foundation
from shared.http.app import build_app

DESCRIPTION = "What customers ordered, from where it is promised, and what became of it: one state, one timeline."
STOCK_PAUSE_S = 0.05
"""Of the stock's events only `oversold` concerns orders, and nobody waits for it."""
ROUTERS = [placements.router, orders.router, cancellations.router, shipments.router, returns.router]


def create_app(settings: Settings, *, clock: Clock = utc_now) -> FastAPI:
    """The app, with nothing opened yet: its lifespan connects, consumes and publishes."""
    foundation = Foundation(settings, SCHEMA, clock)
    networks = Networks()
    decisions = Decisions(foundation.database, settings.waiting_limit)
    foundation.database.notifications.on(DECIDED_CHANNEL, decisions.on_decided)
    # A consumer for each topic, so that a wave of stock levels never stands before a checkout's answer.
    # A reservation is an order's where its reference can be an order's id; carts have other names.
    consumers = [
        foundation.consumer(
            "orders.reservations", (reservations.TOPIC,), bus_door.reservation_routes(clock), is_identifier
        ),
        foundation.consumer("orders.pickups", (pickups.TOPIC,), bus_door.pickup_routes(clock)),
        foundation.consumer("orders.locations", (locations_contract.TOPIC,), bus_door.location_routes()),
        foundation.consumer(
            "orders.stock",
            (stock.TOPIC,),
            bus_door.stock_routes(clock, networks, settings.candidates_limit),
            pause_s=STOCK_PAUSE_S,
        ),
    ]

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with foundation.standing(**{consumer.name: consumer.run for consumer in consumers}):
            yield

    app = build_app(
        name=SCHEMA,
        description=DESCRIPTION,
        routers=ROUTERS,
        lifespan=lifespan,
        foundation=foundation,
        settings=settings,
    )
    place = placements.placing(clock, networks, settings.candidates_limit)
    app.state.doors = open_doors(foundation.database, clock, decisions, networks, place)
    return app
