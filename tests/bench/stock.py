"""Opening stock by SQL, each level with the receipt behind it: over HTTP millions of them would take hours."""

import asyncio
from collections.abc import Iterable

import asyncpg

FILL_SESSION = """
SET synchronous_commit = off;
SET work_mem = '256MB';
SET maintenance_work_mem = '512MB';
"""
"""How the fill is written, and nothing else: what is measured afterwards comes through sessions with the defaults."""
RECEIVED_AT = "2016-12-31T00:00:00Z"

_INDEXES = """
    SELECT indexname AS name, indexdef AS definition, conname IS NOT NULL AS is_key
    FROM pg_indexes LEFT JOIN pg_constraint ON contype = 'p'
        AND conindid = to_regclass(format('%I.%I', schemaname, indexname))
    WHERE schemaname = $1 AND tablename = $2
"""


async def open_shops(database_url: str, location_ids: Iterable[str], skus: Iterable[str]) -> None:
    """Stores that ship and offer pickup, and items; inventory alone knows of them."""
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(
            """
            INSERT INTO inventory.locations (location_id, name, kind, ships, offers_pickup)
            SELECT name, name, 'store', true, true FROM unnest($1::text[]) AS name
            """,
            list(location_ids),
        )
        await connection.execute(
            """
            INSERT INTO inventory.items (sku, name, attributes, listed)
            SELECT name, name, '{}', true FROM unnest($1::text[]) AS name
            """,
            list(skus),
        )
    finally:
        await connection.close()


async def receive(database_url: str, stock: str, schema: str = "inventory") -> None:
    """Put units on the shelves of `schema`, which has none: levels and ledger are written side by side.

    `stock` is a query for (sku, location_id, quantity), each shelf once, best in the order of the keys.
    """
    levels = f"""
        INSERT INTO {schema}.levels (sku, location_id, on_hand)
        SELECT sku, location_id, quantity FROM ({stock}) AS stock
    """
    ledger = f"""
        INSERT INTO {schema}.ledger (location_id, sku, source, event_id, line, kind, out_of, "into", quantity,
            shelf_change, balance, actor, occurred_at, recorded_at)
        SELECT location_id, sku, '/bench/opening', sku, 0, 'receipt', 'supplier', 'on_hand', quantity,
            quantity, quantity, 'bench', '{RECEIVED_AT}', '{RECEIVED_AT}'
        FROM ({stock}) AS stock
    """
    await asyncio.gather(
        _fill(database_url, schema, "levels", levels),
        _fill(database_url, schema, "ledger", ledger),
    )
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("CHECKPOINT")  # or it would come under the load
    finally:
        await connection.close()


async def _fill(database_url: str, schema: str, table: str, insert: str) -> None:
    """Insert without the indexes, make them again as they were, and leave nothing for autovacuum to do."""
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(FILL_SESSION)
        indexes = await connection.fetch(_INDEXES, schema, table)
        for name, _, is_key in indexes:
            await connection.execute(
                f"ALTER TABLE {schema}.{table} DROP CONSTRAINT {name}" if is_key else f"DROP INDEX {schema}.{name}"
            )
        await connection.execute(insert)
        for name, definition, is_key in indexes:
            await connection.execute(definition)
            if is_key:
                await connection.execute(
                    f"ALTER TABLE {schema}.{table} ADD CONSTRAINT {name} PRIMARY KEY USING INDEX {name}"
                )
        await connection.execute(f"VACUUM (ANALYZE) {schema}.{table}")
    finally:
        await connection.close()
