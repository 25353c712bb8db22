"""Levels in the database. Every lock on them is taken here, in key order: location, then sku."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from services.inventory.domain.levels import Key, Level
from services.inventory.store.tables import LEVELS
from shared.database import Transaction

_QUANTITIES = ("on_hand", "reserved", "safety_stock", "damaged", "in_transit", "announced_shortfall")

_LOCK = text(
    """
    SELECT sku, location_id, on_hand, reserved, safety_stock, damaged, in_transit, announced_shortfall
    FROM levels JOIN unnest(CAST(:location_ids AS text[]), CAST(:skus AS text[])) AS touched (location_id, sku)
        USING (sku, location_id)
    ORDER BY location_id, sku FOR UPDATE OF levels
    """
)
_CREATE = text(
    """
    INSERT INTO levels (location_id, sku)
    SELECT * FROM unnest(CAST(:location_ids AS text[]), CAST(:skus AS text[])) ON CONFLICT DO NOTHING
    """
)
_WRITE = text(
    """
    UPDATE levels SET on_hand = level.on_hand, reserved = level.reserved, safety_stock = level.safety_stock,
        damaged = level.damaged, in_transit = level.in_transit, announced_shortfall = level.announced_shortfall,
        updated_at = :now
    FROM unnest(CAST(:location_ids AS text[]), CAST(:skus AS text[]), CAST(:on_hand AS bigint[]),
        CAST(:reserved AS bigint[]), CAST(:safety_stock AS bigint[]), CAST(:damaged AS bigint[]),
        CAST(:in_transit AS bigint[]), CAST(:announced_shortfall AS bigint[]))
        AS level (location_id, sku, on_hand, reserved, safety_stock, damaged, in_transit, announced_shortfall)
    WHERE levels.location_id = level.location_id AND levels.sku = level.sku
    """
)


def _by_column(keys: Iterable[Key]) -> dict[str, list[str]]:
    ordered = sorted(keys)
    return {"location_ids": [place for place, _ in ordered], "skus": [sku for _, sku in ordered]}


async def lock(transaction: Transaction, keys: Iterable[Key]) -> dict[Key, Level]:
    """The levels that exist under these keys, locked until the transaction ends."""
    rows = await transaction.execute(_LOCK, _by_column(set(keys)))
    return {(row.location_id, row.sku): Level(*row[2:]) for row in rows.all()}


async def create(transaction: Transaction, keys: Iterable[Key]) -> None:
    """Empty levels under the keys that have none yet."""
    await transaction.execute(_CREATE, _by_column(keys))


async def write(transaction: Transaction, levels: Mapping[Key, Level], now: datetime) -> None:
    if not levels:
        return
    ordered = sorted(levels)
    quantities = {name: [getattr(levels[key], name) for key in ordered] for name in _QUANTITIES}
    await transaction.execute(_WRITE, {**_by_column(ordered), **quantities, "now": now})


async def of_skus(
    connection: AsyncConnection, skus: Sequence[str], location_ids: Sequence[str] | None = None
) -> Sequence[Row[Any]]:
    """The levels of these items, at these places or everywhere; by sku, then location."""
    statement = select(LEVELS).where(LEVELS.c.sku.in_(skus)).order_by(LEVELS.c.sku, LEVELS.c.location_id)
    if location_ids:
        statement = statement.where(LEVELS.c.location_id.in_(location_ids))
    return (await connection.execute(statement)).all()


async def page_by_location(
    connection: AsyncConnection, location_id: str | None, after: Sequence[str] | None, limit: int
) -> Sequence[Row[Any]]:
    """Levels by location, then sku; `after` is the (location_id, sku) of the last row seen."""
    statement = select(LEVELS).order_by(LEVELS.c.location_id, LEVELS.c.sku).limit(limit)
    if location_id is not None:
        statement = statement.where(LEVELS.c.location_id == location_id)
    if after is not None:
        statement = statement.where(tuple_(LEVELS.c.location_id, LEVELS.c.sku) > tuple_(*after))
    return (await connection.execute(statement)).all()
