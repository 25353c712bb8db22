"""What is expected, in the database. A row is written under the lock of the level that it is for."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.inventory.domain.backorders import Expected
from services.inventory.domain.ledger import Kind, Movement
from services.inventory.domain.levels import Key
from services.inventory.store.tables import INCOMING
from shared.database import Transaction
from shared.statements import Statement, Writes


class Incoming(NamedTuple):
    """A delivery that is on its way: units of one item to one place, `received` of them so far."""

    incoming_id: str
    location_id: str
    sku: str
    quantity: int
    expected_at: datetime
    available_from: datetime | None
    received: int = 0

    @property
    def key(self) -> Key:
        return (self.location_id, self.sku)


_ARRIVALS = (Kind.RECEIPT, Kind.TRANSFER_RECEIPT)

# A key that is taken for another shelf meanwhile is left as it is, and answered by no row.
_PUT = Statement(
    """
    INSERT INTO incoming (incoming_id, location_id, sku, quantity, expected_at, available_from, updated_at)
    VALUES (:incoming_id, :location_id, :sku, :quantity, :expected_at, :available_from, :now)
    ON CONFLICT (incoming_id) DO UPDATE SET quantity = excluded.quantity, expected_at = excluded.expected_at,
        available_from = excluded.available_from, updated_at = excluded.updated_at
    WHERE incoming.location_id = excluded.location_id AND incoming.sku = excluded.sku
    RETURNING received, xmax = 0 AS is_new
    """
)
_DELETE = Statement("DELETE FROM incoming WHERE incoming_id = :incoming_id")
_USE_UP = Statement(
    """
    UPDATE incoming SET received = received + arrived.units
    FROM unnest(CAST(:incoming_ids AS text[]), CAST(:location_ids AS text[]), CAST(:skus AS text[]),
        CAST(:units AS bigint[])) AS arrived (incoming_id, location_id, sku, units)
    WHERE incoming.incoming_id = arrived.incoming_id AND incoming.location_id = arrived.location_id
        AND incoming.sku = arrived.sku
    """
)
_EXPECTED = Statement(
    """
    SELECT location_id, sku, quantity - received AS units,
        greatest(expected_at, available_from) AS available_at
    FROM unnest(CAST(:location_ids AS text[]), CAST(:skus AS text[])) AS asked (location_id, sku)
    JOIN incoming USING (location_id, sku)
    WHERE received < quantity ORDER BY available_at, incoming_id
    """
)


async def put(transaction: Transaction, incoming: Incoming, now: datetime) -> tuple[int, bool] | None:
    """Store it; the units received and whether it is new, or None where its id is taken for another shelf."""
    values = {name: value for name, value in incoming._asdict().items() if name != "received"}
    rows = await _PUT.rows(transaction, **values, now=now)
    return (rows[0].received, rows[0].is_new) if rows else None


async def delete(transaction: Transaction, incoming_id: str) -> None:
    await _DELETE.run(transaction, incoming_id=incoming_id)


def use_up(writes: Writes, movements: Iterable[Movement]) -> None:
    """Receipts that name what was expected, at the place where it was: it is not to come any more."""
    arrived: Counter[tuple[str, str, str]] = Counter()
    for movement in movements:
        if movement.kind in _ARRIVALS and movement.reference is not None:
            arrived[movement.reference, movement.location_id, movement.sku] += movement.quantity
    if arrived:
        writes.add(
            _USE_UP,
            incoming_ids=[incoming_id for incoming_id, _, _ in arrived],
            location_ids=[place for _, place, _ in arrived],
            skus=[sku for _, _, sku in arrived],
            units=list(arrived.values()),
        )


async def expected(connection: AsyncConnection, keys: Iterable[Key]) -> dict[Key, list[Expected]]:
    """What is still to come to these shelves, the earliest first."""
    asked = sorted(keys)
    rows = await _EXPECTED.rows(connection, location_ids=[place for place, _ in asked], skus=[sku for _, sku in asked])
    found: dict[Key, list[Expected]] = defaultdict(list)
    for row in rows:
        found[row.location_id, row.sku].append(Expected(row.units, row.available_at))
    return found


async def get(connection: AsyncConnection, incoming_id: str) -> Incoming | None:
    row = (await connection.execute(select(INCOMING).where(INCOMING.c.incoming_id == incoming_id))).first()
    return None if row is None else of_row(row)


def of_row(row: Row[Any]) -> Incoming:
    return Incoming(**{name: getattr(row, name) for name in Incoming._fields})


async def page(
    connection: AsyncConnection, sku: str | None, location_id: str | None, after: str | None, limit: int
) -> Sequence[Incoming]:
    """What is expected, or was, by id; of an item, of a place, or of both."""
    statement = select(INCOMING).order_by(INCOMING.c.incoming_id).limit(limit)
    if sku is not None:
        statement = statement.where(INCOMING.c.sku == sku)
    if location_id is not None:
        statement = statement.where(INCOMING.c.location_id == location_id)
    if after is not None:
        statement = statement.where(INCOMING.c.incoming_id > after)
    return [of_row(row) for row in (await connection.execute(statement)).all()]
