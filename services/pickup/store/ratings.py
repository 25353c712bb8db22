"""Ratings in the database: columns of the pickups that they are of."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from services.pickup.store.tables import PICKUPS


async def summary(connection: AsyncConnection, location_id: str | None) -> Row[Any]:
    """One row (count, average) over all ratings of the store, or of all stores."""
    counted = select(func.count().label("count"), func.avg(PICKUPS.c.stars).label("average"))
    found: Row[Any] = (await connection.execute(_rated(counted, location_id))).one()
    return found


async def page(
    connection: AsyncConnection, location_id: str | None, before: tuple[datetime, str] | None, limit: int
) -> Sequence[Row[Any]]:
    """Rows (pickup_id, location_id, stars, words, rated_at), newest first, from before the (rated_at, pickup_id)."""
    place = (PICKUPS.c.rated_at, PICKUPS.c.pickup_id)
    shown = select(PICKUPS.c.pickup_id, PICKUPS.c.location_id, PICKUPS.c.stars, PICKUPS.c.words, PICKUPS.c.rated_at)
    statement = _rated(shown, location_id).order_by(*(column.desc() for column in place)).limit(limit)
    if before is not None:
        last = (literal(value, column.type) for value, column in zip(before, place, strict=True))
        statement = statement.where(tuple_(*place) < tuple_(*last))
    rows: Sequence[Row[Any]] = (await connection.execute(statement)).all()
    return rows


def _rated(statement: Select[Any], location_id: str | None) -> Select[Any]:
    rated = statement.where(PICKUPS.c.rated_at.is_not(None))
    return rated if location_id is None else rated.where(PICKUPS.c.location_id == location_id)
