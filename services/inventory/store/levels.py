"""Levels in the database. Every lock on them is taken here, in key order: location, then sku."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from services.inventory.domain.levels import Key, Level
from services.inventory.store.ledger import Cause
from services.inventory.store.tables import LEVELS
from shared.database import Transaction
from shared.statements import Row, Statement, Writes, listed

_KEPT = {
    "on_hand": "bigint",
    "reserved": "bigint",
    "safety_stock": "bigint",
    "awaited": "bigint",
    "damaged": "bigint",
    "in_transit": "bigint",
    "announced_shortfall": "bigint",
    "counted_at": "timestamptz",
}

_KNOWN_CHANNELS = "(SELECT array_agg(channel) FROM channels WHERE channel = ANY(CAST(:channels AS text[])))"

_LOCK = Statement(
    """
    SELECT * FROM lock_shelves(CAST(:location_ids AS text[]), CAST(:skus AS text[]),
        CAST(:cause_location_ids AS text[]), CAST(:cause_sources AS text[]), CAST(:cause_ids AS text[]),
        CAST(:channels AS text[]))
    """
)
_CREATE = Statement(
    """
    INSERT INTO levels (location_id, sku)
    SELECT * FROM unnest(CAST(:location_ids AS text[]), CAST(:skus AS text[])) ON CONFLICT DO NOTHING
    """
)
_OF_SKU = Statement(
    """
    SELECT location_id, on_hand, reserved, safety_stock, awaited, damaged, in_transit, updated_at
    FROM levels WHERE sku = :sku ORDER BY location_id
    """
)
_PROMISABLE = Statement(
    f"""
    SELECT sku, location_id, {_KNOWN_CHANNELS} AS channels,
        (SELECT EXISTS (SELECT FROM incoming WHERE sku = ANY(CAST(:skus AS text[])) AND received < quantity))
            AS more_is_expected,
        on_hand, reserved, safety_stock, awaited
    FROM levels WHERE sku = ANY(CAST(:skus AS text[]))
        AND (CAST(:location_ids AS text[]) IS NULL OR location_id = ANY(CAST(:location_ids AS text[])))
    ORDER BY sku, location_id
    """
)


def _by_column(keys: Iterable[Key]) -> dict[str, list[str]]:
    ordered = sorted(keys)
    return {"location_ids": [place for place, _ in ordered], "skus": [sku for _, sku in ordered]}


class Locked(NamedTuple):
    """Levels, and under the same keys the id of the transaction that holds their locks, as text.

    `channels` are those of the channels asked for that are known, `recorded` the causes that the ledger has; None where
    none were asked for.
    """

    levels: dict[Key, Level]
    transaction_ids: dict[Key, str]
    channels: set[str]
    recorded: set[Cause] | None


async def lock(
    transaction: Transaction,
    keys: Iterable[Key],
    channels: Collection[str] = (),
    causes: Collection[Cause] | None = None,
) -> Locked:
    """The levels that exist under these keys, locked until the transaction ends; the rest is asked under the locks."""
    asked = list(causes or ())
    recorded: set[Cause] = set()
    locked = Locked({}, {}, set(), None if causes is None else recorded)
    rows = await _LOCK.rows(
        transaction,
        **_by_column(set(keys)),
        cause_location_ids=[location_id for location_id, _, _ in asked],
        cause_sources=[source for _, source, _ in asked],
        cause_ids=[event_id for _, _, event_id in asked],
        channels=list(channels),
    )
    for found, location_id, sku, told, *quantities in rows:
        if found == "level":
            locked.levels[location_id, sku] = Level(*quantities)
            locked.transaction_ids[location_id, sku] = told
        elif found == "cause":
            recorded.add(asked[int(told) - 1])
        else:
            locked.channels.add(told)
    return locked


async def create(transaction: Transaction, keys: Iterable[Key]) -> None:
    """Empty levels under the keys that have none yet."""
    await _CREATE.run(transaction, **_by_column(keys))


def write(writes: Writes, found: Mapping[Key, Level], changed: Mapping[Key, Level], now: datetime) -> None:
    """Write the changed levels; `found` is how they stood."""
    if not changed:
        return
    ordered = sorted(changed)
    before = [found[key] for key in ordered]
    after = [changed[key] for key in ordered]
    columns: dict[str, list[Any]] = {}
    for name in _KEPT:
        values = [getattr(level, name) for level in after]
        if values != [getattr(level, name) for level in before]:
            columns[name] = values
    writes.add(_writing(tuple(columns)), **_by_column(ordered), **columns, now=now)


@lru_cache
def _writing(names: tuple[str, ...]) -> Statement:
    """Writes these columns and no others: a sale changes on_hand alone, a promise reserved."""
    return Statement(
        f"""
        UPDATE levels SET {", ".join(f"{name} = level.{name}" for name in names)}, updated_at = :now
        FROM {listed({"location_ids": "text", "skus": "text"} | {name: _KEPT[name] for name in names})}
            AS level (location_id, sku, {", ".join(names)})
        WHERE levels.location_id = level.location_id AND levels.sku = level.sku
        """
    )


async def of_sku(connection: AsyncConnection, sku: str) -> Sequence[Row]:
    """The levels of an item, by location."""
    return await _OF_SKU.rows(connection, sku=sku)


class Promisable(NamedTuple):
    """Levels without what does not decide availability, and the known ones of the channels that were asked for.

    `more_is_expected` of some of the items. Where there is no level nothing is said of the channels.
    """

    levels: dict[Key, Level]
    channels: set[str]
    more_is_expected: bool


async def promisable(
    connection: AsyncConnection,
    skus: Collection[str],
    location_ids: Collection[str] | None,
    channels: Collection[str] = (),
) -> Promisable:
    """What decides availability at these places or everywhere, by sku and location."""
    places = None if location_ids is None else list(location_ids)
    rows = await _PROMISABLE.rows(connection, skus=list(skus), location_ids=places, channels=list(channels))
    if not rows:
        return Promisable({}, set(), more_is_expected=False)
    found = {(place, sku): Level(*quantities) for sku, place, _, _, *quantities in rows}
    return Promisable(found, set(rows[0].channels or ()), rows[0].more_is_expected)


async def snapshot(
    connection: AsyncConnection, location_id: str | None, sku: str | None, limit: int
) -> tuple[str, Sequence[Row]]:
    """At most so many levels of a place, an item or a shelf, and the `pg_snapshot` that they were read in, as text."""
    asked = {name: value for name, value in (("location_id", location_id), ("sku", sku)) if value is not None}
    rows = await _snapshot_of(tuple(asked)).rows(connection, **asked, limit=limit)
    return rows[0].snapshot, [row for row in rows if row.sku is not None]


@lru_cache
def _snapshot_of(names: tuple[str, ...]) -> Statement:
    """One statement sees one moment, and tells which: a row even where there are no levels."""
    return Statement(
        f"""
        WITH seen AS MATERIALIZED (SELECT CAST(pg_current_snapshot() AS text) AS snapshot)
        SELECT snapshot, location_id, sku, on_hand, reserved, safety_stock, awaited, updated_at
        FROM seen LEFT JOIN levels ON {" AND ".join(f"{name} = CAST(:{name} AS text)" for name in names)}
        ORDER BY location_id, sku LIMIT :limit
        """
    )


async def page_by_location(
    connection: AsyncConnection, location_id: str | None, after: Sequence[str] | None, limit: int
) -> Sequence[Any]:
    """Levels by location, then sku; `after` is the (location_id, sku) of the last row seen."""
    statement = select(LEVELS).order_by(LEVELS.c.location_id, LEVELS.c.sku).limit(limit)
    if location_id is not None:
        statement = statement.where(LEVELS.c.location_id == location_id)
    if after is not None:
        statement = statement.where(tuple_(LEVELS.c.location_id, LEVELS.c.sku) > tuple_(*after))
    return (await connection.execute(statement)).all()
