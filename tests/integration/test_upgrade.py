"""An installation of the first release goes on as the newest: nothing that waits, nothing that is logged is lost."""

from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from services.inventory import migrations as inventory
from services.inventory.store import tills
from services.orders import migrations
from shared.bus.postgres import PostgresBus
from shared.contracts.locations import TOPIC
from shared.database import Database
from shared.migration import migrate
from shared.relay import Relay

FIRST_LOG = """
CREATE SCHEMA bus;
CREATE TABLE bus.partitions (
    topic text, number int, next_offset bigint NOT NULL DEFAULT 0, PRIMARY KEY (topic, number));
CREATE TABLE bus.log (
    topic text, partition int, "offset" bigint, key text NOT NULL, headers json NOT NULL, value bytea NOT NULL,
    published_at timestamptz NOT NULL, PRIMARY KEY (topic, partition, "offset"));
INSERT INTO bus.partitions SELECT 'zaiko.locations', number, 2 FROM generate_series(0, 7) AS number;
INSERT INTO bus.log
SELECT 'zaiko.locations', number, nth, 'S1', '{"ce_id": "1"}', convert_to(number || '/' || nth, 'UTF8'), now()
FROM generate_series(0, 7) AS number, generate_series(0, 1) AS nth;
"""


async def test_a_log_of_single_records_is_read_as_before(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute(FIRST_LOG)
    for _ in range(2):
        bus = PostgresBus(database_url)
        await bus.start()
        ends = await bus.end_offsets(TOPIC)
        records = [record async for record in bus.read(TOPIC, {}, ends)]
        await bus.stop()
        assert set(ends.values()) == {2}
        assert sorted(record.message.value for record in records) == sorted(
            f"{record.partition.number}/{record.offset}".encode() for record in records
        )
        assert len(records) == 16
        assert records[0].message.headers == {"ce_id": "1"}
    assert await connection.fetchval("SELECT to_regclass('bus.log')") is None
    await connection.close()


KNOWN_TILLS = """
INSERT INTO tills (source, location_id, last_sequence, missing, last_seen_at, last_event_at) VALUES
('/locations/S1/tills/2', 'S1', 9, '{[3,5),[7,8)}', now(), now()),
('/locations/S1/tills/2/epochs/b', 'S1', 0, '{}', now() + interval '1 minute', now()),
('/readers/7', 'S1', 4, '{}', now(), now());
"""


async def test_tills_are_known_as_before(database_url: str) -> None:
    database = Database(database_url, "inventory", pool_size=1)
    config = Config()
    config.set_main_option("script_location", str(Path(next(iter(inventory.__path__)))))

    def to_the_release_before(connection: Connection) -> None:
        connection.execute(text("CREATE SCHEMA inventory"))
        config.attributes["connection"] = connection
        command.upgrade(config, "0005")

    async with database.transaction() as transaction:
        await transaction.run_sync(to_the_release_before)
        await transaction.execute(text(KNOWN_TILLS))
    await migrate(database, inventory)
    async with database.reading() as connection:
        rows = await tills.page(connection, None, None, None, 10)
    assert [(row.till, row.source, row.is_current, row.last_sequence, row.numbered_events) for row in rows] == [
        ("/locations/S1/tills/2", "/locations/S1/tills/2", False, 9, 6),
        ("/locations/S1/tills/2", "/locations/S1/tills/2/epochs/b", True, 0, 0),
        ("/readers/7", "/readers/7", True, 4, 4),
    ]
    await database.close()


async def test_what_waits_in_the_outbox_is_published_after_the_upgrade(database_url: str) -> None:
    database = Database(database_url, "orders", pool_size=1)
    config = Config()
    config.set_main_option("script_location", str(Path(next(iter(migrations.__path__)))))

    def to_the_first_release(connection: Connection) -> None:
        connection.execute(text("CREATE SCHEMA orders"))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")

    async with database.transaction() as transaction:
        await transaction.run_sync(to_the_first_release)
        await transaction.execute(
            text(
                """INSERT INTO outbox (topic, key, headers, value)
                SELECT 'zaiko.orders', 'order-' || number % 3, '{"ce_id": "1"}', convert_to(number::text, 'UTF8')
                FROM generate_series(1, 9) AS number"""
            )
        )
    await migrate(database, migrations)
    bus = PostgresBus(database_url)
    await bus.start()
    await Relay(database, bus).empty()
    records = [record async for record in bus.read("zaiko.orders", {}, await bus.end_offsets("zaiko.orders"))]
    for remainder in range(3):
        told = [int(record.message.value) for record in records if record.message.key == f"order-{remainder}"]
        assert told == [number for number in range(1, 10) if number % 3 == remainder]
    await bus.stop()
    await database.close()
