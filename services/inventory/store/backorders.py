"""Promises from what is expected, in the database. A line is changed under its reservation's lock and its level's."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from services.inventory.domain.backorders import Owed, Waiting
from services.inventory.domain.levels import Key
from shared.statements import Statement, Writes, listed

_LINE = {
    "reservation_ids": "uuid",
    "skus": "text",
    "location_ids": "text",
    "quantities": "bigint",
    "open": "bigint",
    "expected": "bigint",
    "promised_at": "timestamptz",
    "promised_by": "timestamptz",
}
_INSERT = Statement(
    f"""
    INSERT INTO backorder_lines AS line
        (reservation_id, sku, location_id, quantity, open, expected, promised_at, promised_by)
    SELECT * FROM {listed(_LINE)}
    ON CONFLICT (reservation_id, sku, location_id) DO UPDATE SET quantity = line.quantity + excluded.quantity,
        open = line.open + excluded.open, expected = line.expected + excluded.expected
    """
)
_UPDATE = Statement(
    f"""
    UPDATE backorder_lines AS line SET open = changed.open, promised_by = changed.promised_by
    FROM {
        listed(
            {
                "reservation_ids": "uuid",
                "skus": "text",
                "location_ids": "text",
                "open": "bigint",
                "promised_by": "timestamptz",
            }
        )
    } AS changed (reservation_id, sku, location_id, open, promised_by)
    WHERE line.reservation_id = changed.reservation_id AND line.sku = changed.sku
        AND line.location_id = changed.location_id
    """
)
_OWED = Statement(
    """
    SELECT reservation_id::text AS reservation_id, sku, location_id, quantity, open, expected, promised_at, promised_by
    FROM backorder_lines WHERE reservation_id = ANY(CAST(:ids AS uuid[])) AND open > 0
    ORDER BY backorder_lines.reservation_id, sku, location_id
    """
)
_QUEUES = Statement(
    """
    SELECT location_id, sku, reservation_id::text AS reservation_id, open, promised_by
    FROM unnest(CAST(:location_ids AS text[]), CAST(:skus AS text[])) AS looked_at (location_id, sku)
    CROSS JOIN LATERAL (
        SELECT reservation_id, open, promised_at, promised_by FROM backorder_lines AS line
        WHERE line.sku = looked_at.sku AND line.location_id = looked_at.location_id AND open > 0
        ORDER BY promised_at, reservation_id LIMIT :limit) AS waiting
    ORDER BY promised_at, waiting.reservation_id
    """
)
_THERE = Statement(
    """
    SELECT location_id, sku, on_hand - reserved - safety_stock AS units
    FROM unnest(CAST(:location_ids AS text[]), CAST(:skus AS text[])) AS looked_at (location_id, sku)
    JOIN levels USING (location_id, sku)
    """
)
_SET_STATES = Statement(
    f"""
    UPDATE reservations SET state = changed.state, updated_at = :now
    FROM {listed({"reservation_ids": "uuid", "states": "text"})} AS changed (reservation_id, state)
    WHERE reservations.reservation_id = changed.reservation_id
    """
)
_ASK = Statement(
    """
    INSERT INTO backorder_looks (location_id, sku)
    SELECT * FROM unnest(CAST(:location_ids AS text[]), CAST(:skus AS text[])) ON CONFLICT DO NOTHING
    """
)
_ASKED = Statement("SELECT location_id, sku FROM backorder_looks ORDER BY location_id, sku LIMIT :limit")
_END = Statement(
    """
    DELETE FROM backorder_looks USING unnest(CAST(:location_ids AS text[]), CAST(:skus AS text[]))
        AS ended (location_id, sku)
    WHERE backorder_looks.location_id = ended.location_id AND backorder_looks.sku = ended.sku
    """
)


class OwedLine(NamedTuple):
    reservation_id: str
    owed: Owed


def insert(writes: Writes, lines: Sequence[OwedLine]) -> None:
    """New lines; one that is there already grows by so much."""
    if lines:
        writes.add(
            _INSERT,
            **_keys_of(lines),
            quantities=[line.owed.quantity for line in lines],
            open=[line.owed.open for line in lines],
            expected=[line.owed.expected for line in lines],
            promised_at=[line.owed.promised_at for line in lines],
            promised_by=[line.owed.promised_by for line in lines],
        )


def update(writes: Writes, lines: Sequence[OwedLine]) -> None:
    """Write what is still open, and by when it is promised; each line once."""
    if lines:
        writes.add(
            _UPDATE,
            **_keys_of(lines),
            open=[line.owed.open for line in lines],
            promised_by=[line.owed.promised_by for line in lines],
        )


def _keys_of(lines: Sequence[OwedLine]) -> dict[str, list[Any]]:
    return {
        "reservation_ids": [line.reservation_id for line in lines],
        "skus": [line.owed.sku for line in lines],
        "location_ids": [line.owed.location_id for line in lines],
    }


async def owed(connection: AsyncConnection, reservation_ids: Collection[str]) -> dict[str, list[Owed]]:
    """What is still owed to these reservations."""
    found: dict[str, list[Owed]] = defaultdict(list)
    for reservation_id, *line in await _OWED.rows(connection, ids=list(reservation_ids)):
        found[reservation_id].append(Owed(*line))
    return found


async def queues(connection: AsyncConnection, keys: Iterable[Key], limit: int) -> dict[Key, list[Waiting]]:
    """Who waits at these shelves, the oldest promise first; at each of them so many at most."""
    found: dict[Key, list[Waiting]] = defaultdict(list)
    for row in await _QUEUES.rows(connection, **_by_column(keys), limit=limit):
        found[row.location_id, row.sku].append(Waiting(row.reservation_id, row.open, row.promised_by))
    return found


async def there(connection: AsyncConnection, keys: Iterable[Key]) -> dict[Key, int]:
    """What could be handed to those who wait at these shelves, not locked."""
    return {(row.location_id, row.sku): row.units for row in await _THERE.rows(connection, **_by_column(keys))}


def set_states(writes: Writes, states: Mapping[str, str], now: datetime) -> None:
    """Write the states of reservations, by their ids."""
    if states:
        writes.add(_SET_STATES, reservation_ids=list(states), states=list(states.values()), now=now)


def ask_for_look(writes: Writes, keys: Collection[Key]) -> None:
    """Have the queues of these shelves, their levels locked, looked at soon."""
    if keys:
        writes.add(_ASK, **_by_column(keys))


async def asked_for(connection: AsyncConnection, limit: int) -> list[Key]:
    """Shelves whose queues are to be looked at."""
    return [(row.location_id, row.sku) for row in await _ASKED.rows(connection, limit=limit)]


def end_looks(writes: Writes, keys: Collection[Key]) -> None:
    """The queues of these shelves, their levels locked, have been looked at."""
    if keys:
        writes.add(_END, **_by_column(keys))


def _by_column(keys: Iterable[Key]) -> dict[str, list[str]]:
    ordered = sorted(keys)
    return {"location_ids": [place for place, _ in ordered], "skus": [sku for _, sku in ordered]}
