"""Orders, put together: the only place that knows every room."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from fastapi import FastAPI

from services.orders import events as bus_door
from services.orders.api import (
    allocations,
    amendments,
    cancellations,
    fulfilment_capacities,
    orders,
    placements,
    returns,
    routing_policies,
    shipments,
    sourcing,
)
from services.orders.api.decisions import Decisions
from services.orders.api.doors import open_doors
from services.orders.settings import SCHEMA, Settings
from services.orders.store.locations import Networks
from services.orders.store.orders import DECIDED_CHANNEL, is_identifier
from services.orders.store.reservation_previews import ReservationPreviews
from services.orders.usecases.elsewhere import Repairs
from services.orders.usecases.till_returns import try_returns_again
from shared.background import Loop, every
from shared.bus.base import Bus
from shared.clock import Clock, utc_now
from shared.consumer import Consumer
from shared.contracts import locations as locations_contract
from shared.contracts import pickups, reservations, stock
from shared.contracts import returns as returns_contract
from shared.database import Database
from shared.foundation import Foundation
from shared.http.app import build_app

DESCRIPTION = "What customers ordered, from where it is promised, and what became of it: one state, one timeline."
STOCK_PAUSE_S = 0.05
"""Of the stock's events only `oversold` concerns orders, and nobody waits for it."""
ROUTERS = [
    placements.router,
    orders.router,
    cancellations.router,
    amendments.router,
    allocations.router,
    shipments.router,
    returns.router,
    routing_policies.router,
    fulfilment_capacities.router,
    sourcing.router,
]


def create_app(settings: Settings, *, clock: Clock = utc_now, bus: Bus | None = None) -> FastAPI:
    """The app, with nothing opened yet: its lifespan connects, consumes and publishes.

    A `bus` that it shares with others has been started when its lifespan begins.
    """
    foundation = Foundation(settings, SCHEMA, clock, bus)
    networks = Networks()
    repairs = Repairs(networks, settings.candidates_limit, settings.tries_limit)
    decisions = Decisions(foundation.database, settings.waiting_limit)
    foundation.database.on(DECIDED_CHANNEL, decisions.on_decided)
    consumers = _consumers(foundation, clock, repairs)
    previews = ReservationPreviews(
        settings.inventory_url, settings.inventory_timeout_seconds, settings.token_secret, clock
    )
    return_watch = every(settings.return_watch_interval_seconds, _trying_returns(foundation.database, settings, clock))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        loops = {consumer.name: consumer.run for consumer in consumers}
        async with previews, foundation.standing(**loops, return_watch=return_watch):
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
    app.state.doors = open_doors(
        foundation.database,
        clock,
        decisions,
        networks,
        place,
        previews,
        settings.candidates_limit,
        allocations.rejecting(repairs),
    )
    return app


def _consumers(foundation: Foundation, clock: Clock, repairs: Repairs) -> list[Consumer]:
    # A consumer for each topic, so that a wave of stock levels never stands before a checkout's answer.
    # A reservation is an order's where its reference can be an order's id; carts have other names.
    return [
        foundation.consumer(
            "orders.reservations", (reservations.TOPIC,), bus_door.reservation_routes(clock), is_identifier
        ),
        foundation.consumer("orders.pickups", (pickups.TOPIC,), bus_door.pickup_routes(clock, repairs)),
        foundation.consumer("orders.returns", (returns_contract.TOPIC,), bus_door.return_routes(clock)),
        foundation.consumer("orders.locations", (locations_contract.TOPIC,), bus_door.location_routes()),
        foundation.consumer(
            "orders.stock",
            (stock.TOPIC,),
            bus_door.stock_routes(clock, repairs),
            pause_s=STOCK_PAUSE_S,
        ),
    ]


def _trying_returns(database: Database, settings: Settings, clock: Clock) -> Loop:
    """One look at the returns whose units were not heard to be handed over, in as many transactions as it takes."""
    patience = timedelta(seconds=settings.handover_patience_seconds)

    async def look() -> None:
        more = True
        while more:
            async with database.transaction() as transaction:
                more = await try_returns_again(transaction, patience, clock())

    return look
