"""Inventory, put together: the only place that knows every room."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from fastapi import FastAPI

from services.inventory import events as bus_door
from services.inventory.api import (
    availability,
    channels,
    events,
    incoming,
    items,
    locations,
    receipts,
    reservation_previews,
    reservations,
    returns,
    stock,
    stream,
    tills,
)
from services.inventory.api.doors import Doors
from services.inventory.api.stock_feed import StockFeed
from services.inventory.settings import SCHEMA, Settings
from services.inventory.usecases.backorders import serve_waiting
from services.inventory.usecases.levels import LOOKS_CHANNEL
from services.inventory.usecases.reservations import expire_lapsed
from services.inventory.usecases.return_watch import watch_returns
from services.inventory.usecases.till_health import Watch, measure_tills, watch_tills
from services.inventory.usecases.tills import record_one_by_one
from shared.asyncapi.application import Receiver
from shared.background import Loop, every, whenever_told
from shared.batching import Batcher
from shared.bus.base import Bus
from shared.clock import Clock, utc_now
from shared.contracts import stock as stock_contract
from shared.database import Database
from shared.foundation import Foundation
from shared.http.app import build_app
from shared.http.door import Door
from shared.members import Members

DESCRIPTION = (
    "What is where, what may be promised, and from where. Tills tell it facts, sales channels ask it for promises."
)
# The busiest first: a request is held against one route after the other.
ROUTERS = [
    reservations.router,
    availability.router,
    events.router,
    stock.router,
    stream.router,
    items.router,
    locations.router,
    channels.router,
    reservation_previews.router,
    incoming.router,
    returns.router,
    receipts.router,
    tills.router,
]


def create_app(settings: Settings, *, clock: Clock = utc_now, bus: Bus | None = None) -> FastAPI:
    """The app, with nothing opened yet: its lifespan connects, consumes and publishes.

    A `bus` that it shares with others has been started when its lifespan begins.
    """
    foundation = Foundation(settings, SCHEMA, clock, bus)
    database = foundation.database
    feed = StockFeed(foundation.bus)
    foundation.receivers.append(
        Receiver("inventory.stream", stock_contract.TOPIC, (stock_contract.LEVEL_CHANGED.name,))
    )
    facts = Members(
        [
            foundation.consumer("inventory.tills", bus_door.TILL_TOPICS, bus_door.till_routes(clock))
            for _ in range(settings.till_members)
        ]
    )
    promises = foundation.consumer("inventory.promises", bus_door.PROMISE_TOPICS, bus_door.promise_routes(clock))

    async def expire() -> None:
        async with database.transaction() as transaction:
            await expire_lapsed(transaction, clock())

    async def serve() -> None:
        more = True
        while more:
            async with database.transaction() as transaction:
                more = await serve_waiting(transaction, clock())

    backorders = whenever_told(database, LOOKS_CHANNEL, settings.backorder_interval_seconds, serve)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with foundation.standing(
            feed=feed.run,
            facts=facts.run,
            promises=promises.run,
            expiry=every(settings.expiry_interval_seconds, expire),
            backorders=backorders,
            till_watch=every(settings.till_watch_interval_seconds, _watching(database, settings, clock)),
            return_watch=every(settings.return_watch_interval_seconds, _holding_returns(database, settings, clock)),
        ):
            yield

    app = build_app(
        name=SCHEMA,
        description=DESCRIPTION,
        routers=ROUTERS,
        lifespan=lifespan,
        foundation=foundation,
        settings=settings,
        body_limits={"/v1/items/import": settings.import_limit_bytes},
    )
    app.state.doors = _open_doors(database, clock, settings, feed)
    return app


def _open_doors(database: Database, clock: Clock, settings: Settings, feed: StockFeed) -> Doors:
    return Doors(
        database=database,
        clock=clock,
        settings=settings,
        feed=feed,
        availability=Batcher(
            "availability", availability.reading(database, clock, settings.limited_availability_below)
        ),
        items=Door("items", database, items.decide_items),
        movements=Door("movements", database, stock.moving(clock)),
        reserve=Door("reserve", database, reservations.reserving(clock)),
        change_reservation=Door("change_reservation", database, reservations.changing(clock)),
        open_channel=Door("open_channel", database, channels.opening(clock)),
        till_events=Door(
            "till_events", database, events.recording(clock), rescue=events.recording(clock, record_one_by_one)
        ),
        bring_back=Door("bring_back", database, returns.bringing_back(clock)),
    )


def _watching(database: Database, settings: Settings, clock: Clock) -> Loop:
    """One look at all tills, in as many transactions as it takes."""
    watch = Watch(
        silence=timedelta(seconds=settings.till_silence_seconds),
        gap=timedelta(seconds=settings.till_gap_seconds),
        listening_since=clock(),
    )

    async def look() -> None:
        more = True
        while more:
            async with database.transaction() as transaction:
                more = await watch_tills(transaction, watch, clock())
        async with database.reading() as connection:
            await measure_tills(connection)

    return look


def _holding_returns(database: Database, settings: Settings, clock: Clock) -> Loop:
    """One look at what tills took back, in as many transactions as it takes."""
    patience = timedelta(seconds=settings.sale_patience_seconds)

    async def look() -> None:
        more = True
        while more:
            async with database.transaction() as transaction:
                more = await watch_returns(transaction, patience, clock())

    return look
