"""Alembic, driven by the service itself: `migrate` brings one service's schema to its newest revision."""

from pathlib import Path
from types import ModuleType

from alembic import command, context, op
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, text

from shared.bus.partitioning import key_hash
from shared.database import Database

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('zaiko migrate ' || :schema, 0))"


async def migrate(database: Database, migrations: ModuleType) -> None:
    """Create the schema if need be and run what is missing, in one transaction; safe to call from many processes."""
    config = _config(migrations)

    def upgrade(connection: Connection) -> None:
        connection.execute(text(_LOCK), {"schema": database.schema})
        connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{database.schema}"'))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")

    async with database.transaction() as transaction:
        await transaction.run_sync(upgrade)


async def is_migrated(database: Database, migrations: ModuleType) -> bool:
    """Whether the schema stands at the newest revision."""
    head = ScriptDirectory.from_config(_config(migrations)).get_current_head()

    def current(connection: Connection) -> str | None:
        return MigrationContext.configure(connection).get_current_revision()

    async with database.transaction() as transaction:
        return await transaction.run_sync(current) == head


def run_environment(metadata: MetaData) -> None:
    """The whole of a service's Alembic `env.py`."""
    context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
    context.run_migrations()


def _config(migrations: ModuleType) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(next(iter(migrations.__path__)))))
    return config


SHARED_TABLES_V1 = (
    """CREATE TABLE outbox (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        topic text NOT NULL, key text NOT NULL, headers text NOT NULL, value bytea NOT NULL)""",
    """CREATE TABLE consumer_offsets (
        consumer text NOT NULL, topic text NOT NULL, partition integer NOT NULL, next_offset bigint NOT NULL,
        PRIMARY KEY (consumer, topic, partition))""",
    """CREATE TABLE idempotency_keys (
        actor text NOT NULL, key text NOT NULL, fingerprint text NOT NULL, status integer NOT NULL,
        body bytea NOT NULL, headers text NOT NULL, created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (actor, key))""",
    "CREATE INDEX ix_idempotency_keys_created_at ON idempotency_keys (created_at)",
    """CREATE TABLE dead_letters (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        topic text NOT NULL, key text NOT NULL, headers text NOT NULL, value bytea NOT NULL,
        source text NOT NULL, event_id text NOT NULL, code text NOT NULL, detail text NOT NULL,
        recorded_at timestamptz NOT NULL DEFAULT now())""",
)


def create_shared_tables_v1() -> None:
    """The shared tables as the first release had them; later changes are migrations of their own."""
    for statement in SHARED_TABLES_V1:
        op.execute(statement)


def bundle_outbox() -> None:
    """The outbox in bundles: what waits in it stays, each message a bundle of its own."""
    op.execute("ALTER TABLE outbox RENAME TO outbox_v1")
    op.execute(
        """CREATE TABLE outbox (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, topics text[] NOT NULL, keys text[] NOT NULL,
            hashes integer[] NOT NULL, headers text[] NOT NULL, bodies bytea[] NOT NULL)"""
    )
    # It is read once and deleted: not worth the time that compression takes.
    for column in ("headers", "bodies"):
        op.execute(f"ALTER TABLE outbox ALTER COLUMN {column} SET STORAGE EXTERNAL")
    keys = op.get_bind().execute(text("SELECT DISTINCT key FROM outbox_v1")).scalars()
    hashes = {key: key_hash(key) for key in keys}
    op.get_bind().execute(
        text(
            """
            INSERT INTO outbox (topics, keys, hashes, headers, bodies)
            SELECT ARRAY[topic], ARRAY[key], ARRAY[hash], ARRAY[headers], ARRAY[value]
            FROM outbox_v1 JOIN unnest(CAST(:keys AS text[]), CAST(:hashes AS integer[])) AS hashed (key, hash)
                USING (key)
            ORDER BY id
            """
        ),
        {"keys": list(hashes), "hashes": list(hashes.values())},
    )
    op.execute("DROP TABLE outbox_v1")
