"""What places can do in a day, and what they have taken on: counted from what orders are promised from there."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from services.orders.domain.places import Capacity
from shared.contracts.values import Money
from shared.database import Transaction
from shared.statements import Statement, listed

_PUT = Statement(
    """
    INSERT INTO fulfilment_capacities AS known (location_id, orders_per_day, cost_amount, cost_currency, updated_at)
    VALUES (:location_id, :orders_per_day, :cost_amount, :cost_currency, :now)
    ON CONFLICT (location_id) DO UPDATE SET orders_per_day = excluded.orders_per_day, version = DEFAULT,
        cost_amount = excluded.cost_amount, cost_currency = excluded.cost_currency, updated_at = excluded.updated_at
    RETURNING xmax = 0 AS is_new
    """
)
_OTHER_CURRENCY = Statement(
    """
    SELECT cost_currency FROM fulfilment_capacities
    WHERE location_id <> :location_id AND cost_currency <> :cost_currency LIMIT 1
    """
)
_COLUMNS = """
    capacity.location_id, orders_per_day, cost_amount, cost_currency, capacity.updated_at, place.time_zone
    FROM fulfilment_capacities AS capacity LEFT JOIN locations AS place USING (location_id)
    """
_ONE = Statement(f"SELECT {_COLUMNS} WHERE capacity.location_id = :location_id")
_PAGE = Statement(f"SELECT {_COLUMNS} WHERE capacity.location_id > :after ORDER BY capacity.location_id LIMIT :limit")
# A unit that was cancelled or moved away gives the order's place in the day back.
_USED = Statement(
    f"""
    SELECT location_id, count(DISTINCT order_id) AS orders
    FROM {listed({"location_ids": "text", "day_starts": "timestamptz"})} AS day (location_id, starts_at)
    JOIN allocations USING (location_id)
    WHERE promised_at >= starts_at AND quantity > cancelled GROUP BY location_id
    """
)


class StoredCapacity(NamedTuple):
    """`time_zone` is the place's, whose midnight a day ends at; None where it is not known."""

    location_id: str
    capacity: Capacity
    cost_currency: str | None
    updated_at: datetime
    time_zone: str | None


async def put(
    transaction: Transaction, location_id: str, orders_per_day: int | None, cost: Money | None, now: datetime
) -> bool:
    """Store what the place can do; True where nothing was said about it before."""
    (row,) = await _PUT.rows(
        transaction,
        location_id=location_id,
        orders_per_day=orders_per_day,
        cost_amount=None if cost is None else cost.amount,
        cost_currency=None if cost is None else cost.currency,
        now=now,
    )
    return bool(row.is_new)


async def other_currency(connection: AsyncConnection, location_id: str, currency: str) -> str | None:
    """The currency that another place tells its cost in, where it is not this one."""
    rows = await _OTHER_CURRENCY.rows(connection, location_id=location_id, cost_currency=currency)
    return rows[0].cost_currency if rows else None


async def get(connection: AsyncConnection, location_id: str) -> StoredCapacity | None:
    rows = await _ONE.rows(connection, location_id=location_id)
    return _stored(rows[0]) if rows else None


async def page(connection: AsyncConnection, after: str, limit: int) -> Sequence[StoredCapacity]:
    """By location, from behind `after` on."""
    return [_stored(row) for row in await _PAGE.rows(connection, after=after, limit=limit)]


async def used(connection: AsyncConnection, days: Mapping[str, datetime]) -> dict[str, int]:
    """Orders that were promised from each place since its day began; a place that is not there has none."""
    if not days:
        return {}
    rows = await _USED.rows(connection, location_ids=list(days), day_starts=list(days.values()))
    return {row.location_id: row.orders for row in rows}


def _stored(row: Any) -> StoredCapacity:
    return StoredCapacity(
        row.location_id,
        Capacity(row.orders_per_day, row.cost_amount),
        row.cost_currency,
        row.updated_at,
        row.time_zone,
    )
