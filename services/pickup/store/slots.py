"""Slots in the database. Every lock on one is taken here, in the order of (location_id, starts_at)."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from services.pickup.domain.slots import Key
from shared.database import Transaction
from shared.statements import Statement, columns, gathered, listed

# The row is made where there is none, and locked where there is; sorted, so that no two wait for each other.
_LOCK = Statement(
    f"""
    INSERT INTO slots AS known (location_id, starts_at, taken)
    SELECT location_id, starts_at, 0
    FROM {listed({"location_ids": "text", "starts": "timestamptz"})} AS wanted (location_id, starts_at)
    ORDER BY location_id, starts_at
    ON CONFLICT (location_id, starts_at) DO UPDATE SET taken = known.taken
    RETURNING location_id, starts_at, taken
    """
)
_TAKEN = Statement(
    """
    SELECT location_id, starts_at, taken FROM slots
    WHERE location_id = ANY(CAST(:location_ids AS text[])) AND starts_at >= :since AND starts_at < :until AND taken > 0
    """
)
_OF_ORDERS = Statement(
    """
    SELECT order_id, location_id, starts_at, state FROM order_slots WHERE order_id = ANY(CAST(:order_ids AS text[]))
    """
)
_COUNT = Statement(
    f"""
    UPDATE slots SET taken = now.taken
    FROM {listed({"location_ids": "text", "starts": "timestamptz", "taken": "integer"})}
        AS now (location_id, starts_at, taken)
    WHERE slots.location_id = now.location_id AND slots.starts_at = now.starts_at
    """
)
_KEEP = Statement(
    f"""
    INSERT INTO order_slots (order_id, location_id, starts_at, state)
    SELECT * FROM {listed({"order_id": "text", "location_id": "text", "starts_at": "timestamptz", "state": "text"})}
    ON CONFLICT (order_id) DO UPDATE SET state = excluded.state
    """
)


class OrderSlot(NamedTuple):
    """What became of an order's wish: `taken`, `refused`, or `free_again`."""

    order_id: str
    location_id: str
    starts_at: datetime
    state: str

    @property
    def key(self) -> Key:
        return (self.location_id, self.starts_at)

    @property
    def is_taken(self) -> bool:
        return self.state == "taken"


async def of_orders(connection: AsyncConnection, order_ids: Collection[str]) -> dict[str, OrderSlot]:
    """Those of these orders that have asked before."""
    rows = await _OF_ORDERS.rows(connection, order_ids=list(order_ids))
    return {row.order_id: OrderSlot(*row) for row in rows}


async def lock(transaction: Transaction, keys: Collection[Key]) -> dict[Key, int]:
    """How many places of each of these slots are taken, locked until the transaction ends."""
    if not keys:
        return {}
    wanted = sorted(keys)
    rows = await _LOCK.rows(
        transaction, location_ids=[place for place, _ in wanted], starts=[start for _, start in wanted]
    )
    return {(row.location_id, row.starts_at): row.taken for row in rows}


async def taken(
    connection: AsyncConnection, location_ids: Collection[str], since: datetime, until: datetime
) -> dict[str, dict[datetime, int]]:
    """For each of these stores how many places are taken, slot by slot; not locked."""
    rows = await _TAKEN.rows(connection, location_ids=list(location_ids), since=since, until=until)
    found: defaultdict[str, dict[datetime, int]] = defaultdict(dict)
    for row in rows:
        found[row.location_id][row.starts_at] = row.taken
    return found


def write(transaction: Transaction, counts: Mapping[Key, int], orders: Sequence[OrderSlot]) -> None:
    """Write how many places of locked slots are taken now, and what became of the orders' wishes."""
    writes = gathered(transaction)
    if counts:
        keys = sorted(counts)
        writes.add(
            _COUNT,
            location_ids=[place for place, _ in keys],
            starts=[start for _, start in keys],
            taken=[counts[key] for key in keys],
        )
    if orders:
        writes.add(_KEEP, **columns(orders, "order_id", "location_id", "starts_at", "state"))
