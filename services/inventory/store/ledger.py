"""The ledger in the database: appended to, never changed."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from services.inventory.domain.ledger import Entry, Kind, Movement, Position
from services.inventory.domain.levels import Key
from services.inventory.store.tables import LEDGER
from shared.database import Transaction
from shared.statements import Statement, driver, gathered, listed

Identity = tuple[str, str, str, int]
"""(location_id, source, event_id, line): under this a movement is recorded once, for ever."""
Cause = tuple[str, str, str]
"""(location_id, source, event_id): the event, or the movement by hand, that entries come of."""

# One look for each event: what it recorded, it recorded together.
_RECORDED = Statement(
    """
    SELECT location_id, source, event_id
    FROM unnest(CAST(:location_ids AS text[]), CAST(:sources AS text[]), CAST(:event_ids AS text[]))
        AS asked (location_id, source, event_id)
    WHERE EXISTS (
        SELECT FROM ledger WHERE ledger.location_id = asked.location_id AND ledger.source = asked.source
            AND ledger.event_id = asked.event_id)
    """
)
_COUNTS_FROM = Statement(
    """
    SELECT ledger.location_id, ledger.sku, ledger.occurred_at, ledger.source, ledger.event_id, ledger.line
    FROM unnest(CAST(:location_ids AS text[]), CAST(:skus AS text[]), CAST(:instants AS timestamptz[]))
        AS touched (location_id, sku, earliest)
    JOIN ledger ON ledger.location_id = touched.location_id AND ledger.sku = touched.sku
        AND ledger.occurred_at >= touched.earliest AND ledger.kind = 'count'
    """
)
# A restatement stands where the count stands that it restates.
_CHANGED_SINCE = Statement(
    """
    SELECT place, coalesce(sum(ledger.shelf_change), 0) AS changed
    FROM unnest(CAST(:location_ids AS text[]), CAST(:skus AS text[]), CAST(:instants AS timestamptz[]),
        CAST(:sources AS text[]), CAST(:event_ids AS text[]), CAST(:lines AS integer[]))
        WITH ORDINALITY AS counted (location_id, sku, occurred_at, source, event_id, line, place)
    JOIN ledger ON ledger.location_id = counted.location_id AND ledger.sku = counted.sku
        AND ledger.occurred_at >= counted.occurred_at
        AND (ledger.occurred_at > counted.occurred_at
            OR (ledger.kind IN ('count', 'restatement')
                AND (coalesce(restated_source, ledger.source) COLLATE "C",
                    coalesce(restated_event_id, ledger.event_id) COLLATE "C", coalesce(restated_line, ledger.line))
                    > (counted.source, counted.event_id, counted.line)))
    GROUP BY place
    """
)
_COLUMNS = {
    "location_id": "text",
    "sku": "text",
    "source": "text",
    "event_id": "text",
    "line": "integer",
    "kind": "text",
    "out_of": "text",
    "into": "text",
    "quantity": "bigint",
    "shelf_change": "bigint",
    "counted": "bigint",
    "balance": "bigint",
    "to_location_id": "text",
    "restated_source": "text",
    "restated_event_id": "text",
    "restated_line": "integer",
    "reference": "text",
    "reason": "text",
    "actor": "text",
    "occurred_at": "timestamptz",
    "recorded_at": "timestamptz",
}
_NAMES = ", ".join(f'"{name}"' for name in _COLUMNS)
_APPEND = Statement(
    f"""
    INSERT INTO ledger ({_NAMES})
    SELECT {_NAMES} FROM {listed(_COLUMNS)} WITH ORDINALITY AS entry ({_NAMES}, place) ORDER BY place
    """
)
COPIED_FROM = 64
"""So many entries or more are copied in: it takes round trips of its own, and then costs far less for each."""
_NO_COUNT = (None, None, None, None, None)


def identity(movement: Movement) -> Identity:
    return (movement.location_id, movement.source, movement.event_id, movement.line)


def cause(movement: Movement) -> Cause:
    return (movement.location_id, movement.source, movement.event_id)


async def recorded(transaction: Transaction, causes: Iterable[Cause]) -> set[Cause]:
    """Which of these the ledger has already; to be asked under the locks of the levels that they touch."""
    asked = list(set(causes))
    rows = await _RECORDED.rows(
        transaction,
        location_ids=[location_id for location_id, _, _ in asked],
        sources=[source for _, source, _ in asked],
        event_ids=[event_id for _, _, event_id in asked],
    )
    return {(row.location_id, row.source, row.event_id) for row in rows}


async def counts_from(transaction: Transaction, earliest: Mapping[Key, datetime]) -> dict[Key, list[Position]]:
    """For each key the positions of its counts from an instant on, in order."""
    rows = await _COUNTS_FROM.rows(
        transaction,
        location_ids=[place for place, _ in earliest],
        skus=[sku for _, sku in earliest],
        instants=list(earliest.values()),
    )
    found: dict[Key, list[Position]] = defaultdict(list)
    for row in rows:
        found[(row.location_id, row.sku)].append((row.occurred_at, True, row.source, row.event_id, row.line))
    return {key: sorted(positions) for key, positions in found.items()}


async def changed_since(transaction: Transaction, counts: Sequence[Movement]) -> dict[Key, dict[Position, int]]:
    """For each count the sum of what is recorded after it at its shelf."""
    found: dict[Key, dict[Position, int]] = defaultdict(dict)
    for count in counts:
        found[count.key][count.position] = 0
    if not counts:
        return found
    rows = await _CHANGED_SINCE.rows(
        transaction,
        location_ids=[count.location_id for count in counts],
        skus=[count.sku for count in counts],
        instants=[count.occurred_at for count in counts],
        sources=[count.source for count in counts],
        event_ids=[count.event_id for count in counts],
        lines=[count.line for count in counts],
    )
    for row in rows:
        count = counts[row.place - 1]
        found[count.key][count.position] = int(row.changed)
    return found


async def append(transaction: Transaction, entries: Sequence[Entry], recorded_at: datetime) -> None:
    """Append in this order: a few entries with the other writes, many at once."""
    rows = [_row(entry, recorded_at) for entry in entries]
    if len(rows) < COPIED_FROM:
        gathered(transaction).add(_APPEND, **dict(zip(_COLUMNS, map(list, zip(*rows, strict=True)), strict=True)))
    else:
        await driver(transaction).copy_records_to_table("ledger", records=rows, columns=list(_COLUMNS))


def _row(entry: Entry, recorded_at: datetime) -> tuple[Any, ...]:
    movement = entry.movement
    _, _, restated_source, restated_event_id, restated_line = entry.restates or _NO_COUNT
    return (
        movement.location_id,
        movement.sku,
        movement.source,
        movement.event_id,
        movement.line,
        entry.kind,
        entry.out_of,
        entry.into,
        entry.quantity,
        entry.shelf_change,
        movement.quantity if entry.kind is Kind.COUNT else None,
        entry.balance,
        movement.to_location_id,
        restated_source,
        restated_event_id,
        restated_line,
        movement.reference,
        movement.reason,
        movement.actor,
        entry.occurred_at,
        recorded_at,
    )


async def page(
    connection: AsyncConnection, sku: str, location_id: str | None, after: Iterable[Any] | None, limit: int
) -> Sequence[Row[Any]]:
    """Entries of an item, the newest fact first; `after` is the (occurred_at, entry_id) of the last row seen."""
    statement = (
        select(LEDGER)
        .where(LEDGER.c.sku == sku)
        .order_by(LEDGER.c.occurred_at.desc(), LEDGER.c.entry_id.desc())
        .limit(limit)
    )
    if location_id is not None:
        statement = statement.where(LEDGER.c.location_id == location_id)
    if after is not None:
        statement = statement.where(tuple_(LEDGER.c.occurred_at, LEDGER.c.entry_id) < tuple_(*after))
    return (await connection.execute(statement)).all()
