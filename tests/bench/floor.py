"""The floor under the tills: what PostgreSQL needs at the least to keep the same lines with the same durability.

COPY into a table like the ledger and one UPDATE for each touched level, in transactions of the product's batch size;
nothing is parsed, checked, locked in order or announced.
"""

import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from typing import Any

import asyncpg

from shared.clock import utc_now
from shared.consumer import FETCH_LIMIT
from tests.bench.ledger import TENTHS
from tests.bench.receipts import Receipt, line_count, receipts
from tests.bench.site import Site

TABLES = """
CREATE SCHEMA bench;
CREATE TABLE bench.ledger (LIKE inventory.ledger INCLUDING ALL);
CREATE TABLE bench.levels (LIKE inventory.levels INCLUDING ALL);
"""
"""Like inventory's, with all indexes and constraints; to be filled like them."""

_COLUMNS = [
    *("location_id", "sku", "source", "event_id", "line", "kind", "out_of", "into"),
    *("quantity", "shelf_change", "balance", "reference", "actor", "occurred_at", "recorded_at"),
]
_SELL = """
    UPDATE bench.levels SET on_hand = on_hand - $3, updated_at = $4 WHERE location_id = $1 AND sku = $2
"""
_SELL_WHAT_MAY_BE_NEW = """
    INSERT INTO bench.levels AS level (location_id, sku, on_hand, updated_at) VALUES ($1, $2, -$3::bigint, $4)
    ON CONFLICT (sku, location_id) DO UPDATE SET on_hand = level.on_hand - $3, updated_at = $4
"""


async def lines_per_second(site: Site, given: Sequence[Receipt]) -> float:
    """Keep the lines of these receipts; encoding the rows is left out of the time."""
    batches = [given[start : start + FETCH_LIMIT] for start in range(0, len(given), FETCH_LIMIT)]
    now = utc_now()
    prepared = [(_entries(batch, now), _sold(batch, now)) for batch in batches]
    connection = await asyncpg.connect(site.database_url)
    try:
        begun = time.perf_counter()
        for entries, sold in prepared:
            async with connection.transaction():
                await connection.copy_records_to_table("ledger", schema_name="bench", columns=_COLUMNS, records=entries)
                await connection.executemany(_SELL, sold)
        taken = time.perf_counter() - begun
    finally:
        await connection.close()
    return sum(len(receipt.lines) for receipt in given) / taken


async def year_tenths(site: Site) -> list[float]:
    """Lines a second in each tenth of the real year, level by level as they come up; encoding the rows is left out."""
    now, total, done = utc_now(), line_count(), 0
    seconds, lines = [0.0] * TENTHS, [0] * TENTHS
    connection = await asyncpg.connect(site.database_url)
    try:
        await connection.execute(TABLES)
        year = receipts()
        while batch := list(islice(year, FETCH_LIMIT)):
            entries, sold = _entries(batch, now), _sold(batch, now)
            begun = time.perf_counter()
            async with connection.transaction():
                await connection.copy_records_to_table("ledger", schema_name="bench", columns=_COLUMNS, records=entries)
                await connection.executemany(_SELL_WHAT_MAY_BE_NEW, sold)
            tenth = done * TENTHS // total
            seconds[tenth] += time.perf_counter() - begun
            lines[tenth] += len(entries)
            done += len(entries)
    finally:
        await connection.close()
    return [count / taken for count, taken in zip(lines, seconds, strict=True)]


def _entries(given: Sequence[Receipt], now: datetime) -> list[tuple[Any, ...]]:
    entries = []
    for receipt in given:
        identity = (receipt.source, receipt.receipt_id)
        said = (receipt.receipt_id, receipt.source, datetime.fromisoformat(receipt.at), now)
        for number, line in enumerate(receipt.lines):
            moved = ("sale", "on_hand", "customer", line.quantity, -line.quantity, 0)
            entries.append((receipt.location_id, line.sku, *identity, number, *moved, *said))
    return entries


def _sold(given: Sequence[Receipt], now: datetime) -> list[tuple[str, str, int, datetime]]:
    """What each touched level loses, in the order of the keys."""
    sold: Counter[tuple[str, str]] = Counter()
    for receipt in given:
        for line in receipt.lines:
            sold[receipt.location_id, line.sku] += line.quantity
    return [(*key, quantity, now) for key, quantity in sorted(sold.items())]
