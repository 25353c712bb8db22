"""The ledger in the database: appended to, never changed."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from services.inventory.domain.ledger import Entry, Movement, Position
from services.inventory.domain.levels import Key
from services.inventory.store.tables import LEDGER
from shared.database import Statement, Transaction

Identity = tuple[str, str, str, int]
"""(location_id, source, event_id, line): under this a movement is recorded once, for ever."""

_RECORDED = Statement(
    """
    SELECT location_id, source, event_id, line
    FROM ledger JOIN unnest(CAST(:location_ids AS text[]), CAST(:sources AS text[]), CAST(:event_ids AS text[]),
        CAST(:lines AS integer[])) AS asked (location_id, source, event_id, line)
        USING (location_id, source, event_id, line)
    WHERE kind <> 'restatement'
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
_APPEND = Statement(
    """
    INSERT INTO ledger (location_id, sku, source, event_id, line, kind, out_of, "into", quantity, shelf_change,
        counted, balance, to_location_id, restated_source, restated_event_id, restated_line, reference, reason,
        actor, occurred_at, recorded_at)
    SELECT location_id, sku, source, event_id, line, kind, out_of, "into", quantity, shelf_change,
        counted, balance, to_location_id, restated_source, restated_event_id, restated_line, reference, reason,
        actor, occurred_at, :recorded_at
    FROM unnest(CAST(:location_id AS text[]), CAST(:sku AS text[]), CAST(:source AS text[]), CAST(:event_id AS text[]),
        CAST(:line AS integer[]), CAST(:kind AS text[]), CAST(:out_of AS text[]), CAST(:into AS text[]),
        CAST(:quantity AS bigint[]), CAST(:shelf_change AS bigint[]), CAST(:counted AS bigint[]),
        CAST(:balance AS bigint[]), CAST(:to_location_id AS text[]), CAST(:restated_source AS text[]),
        CAST(:restated_event_id AS text[]), CAST(:restated_line AS integer[]), CAST(:reference AS text[]),
        CAST(:reason AS text[]), CAST(:actor AS text[]), CAST(:occurred_at AS timestamptz[]))
        WITH ORDINALITY AS entry (location_id, sku, source, event_id, line, kind, out_of, "into", quantity,
            shelf_change, counted, balance, to_location_id, restated_source, restated_event_id, restated_line,
            reference, reason, actor, occurred_at, place)
    ORDER BY place
    """
)


def identity(movement: Movement) -> Identity:
    return (movement.location_id, movement.source, movement.event_id, movement.line)


async def recorded(transaction: Transaction, movements: Sequence[Movement]) -> set[Identity]:
    """Which of the movements the ledger has already; to be asked under the locks of their levels."""
    rows = await _RECORDED.rows(
        transaction,
        location_ids=[movement.location_id for movement in movements],
        sources=[movement.source for movement in movements],
        event_ids=[movement.event_id for movement in movements],
        lines=[movement.line for movement in movements],
    )
    return {(row.location_id, row.source, row.event_id, row.line) for row in rows}


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
    if not entries:
        return
    rows = [_row(entry) for entry in entries]
    await _APPEND.run(transaction, recorded_at=recorded_at, **{name: [row[name] for row in rows] for name in rows[0]})


def _row(entry: Entry) -> dict[str, Any]:
    movement = entry.movement
    restated = entry.restates or (None, None, None, None, None)
    return {
        "location_id": movement.location_id,
        "sku": movement.sku,
        "source": movement.source,
        "event_id": movement.event_id,
        "line": movement.line,
        "kind": entry.kind,
        "out_of": entry.out_of,
        "into": entry.into,
        "quantity": entry.quantity,
        "shelf_change": entry.shelf_change,
        "counted": movement.quantity if entry.kind == "count" else None,
        "balance": entry.balance,
        "to_location_id": movement.to_location_id,
        "restated_source": restated[2],
        "restated_event_id": restated[3],
        "restated_line": restated[4],
        "reference": movement.reference,
        "reason": movement.reason,
        "actor": movement.actor,
        "occurred_at": entry.occurred_at,
    }


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
