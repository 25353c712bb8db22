"""Transfers in the database. They have no lock of their own: whoever moves one has locked its pickup."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Row, literal, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from services.pickup.domain.transfers import Transfer, TransferLine
from services.pickup.store.tables import PICKUPS, TRANSFERS
from shared.database import Transaction
from shared.statements import Statement, columns

_LINES = TypeAdapter(tuple[TransferLine, ...])
_OF_PICKUPS = Statement(
    """
    SELECT transfer_id::text AS transfer_id, pickup_id::text AS pickup_id, from_location_id, to_location_id,
        lines::text AS lines, due_at, requested_at, state, sent_at, closed_at
    FROM transfers WHERE pickup_id = ANY(CAST(:pickup_ids AS uuid[])) ORDER BY transfers.transfer_id
    """
)
_WRITE = Statement(
    """
    INSERT INTO transfers AS known (transfer_id, pickup_id, from_location_id, to_location_id, lines, due_at,
        requested_at, state, sent_at, closed_at)
    SELECT transfer_id, pickup_id, from_location_id, to_location_id, CAST(lines AS jsonb), due_at, requested_at, state,
        sent_at, closed_at
    FROM unnest(CAST(:transfer_id AS uuid[]), CAST(:pickup_id AS uuid[]), CAST(:from_location_id AS text[]),
        CAST(:to_location_id AS text[]), CAST(:lines AS text[]), CAST(:due_at AS timestamptz[]),
        CAST(:requested_at AS timestamptz[]), CAST(:state AS text[]), CAST(:sent_at AS timestamptz[]),
        CAST(:closed_at AS timestamptz[]))
        AS changed (transfer_id, pickup_id, from_location_id, to_location_id, lines, due_at, requested_at, state,
            sent_at, closed_at)
    ON CONFLICT (pickup_id, transfer_id) DO UPDATE SET lines = excluded.lines, state = excluded.state,
        sent_at = excluded.sent_at, closed_at = excluded.closed_at
    """
)
_NAMES = (
    "transfer_id",
    "pickup_id",
    "from_location_id",
    "to_location_id",
    "due_at",
    "requested_at",
    "state",
    "sent_at",
    "closed_at",
)
# What is shown says for whom it is: the order, and the store's bag.
_SHOWN = select(TRANSFERS, PICKUPS.c.order_id).join(PICKUPS, PICKUPS.c.pickup_id == TRANSFERS.c.pickup_id)


async def of_pickups(connection: AsyncConnection, pickup_ids: Sequence[str]) -> dict[str, tuple[Transfer, ...]]:
    """The transfers of each of these pickups that has some."""
    found: defaultdict[str, tuple[Transfer, ...]] = defaultdict(tuple)
    if pickup_ids:
        for row in await _OF_PICKUPS.rows(connection, pickup_ids=pickup_ids):
            found[row.pickup_id] += (_transfer(row),)
    return found


async def write(transaction: Transaction, transfers: Sequence[Transfer]) -> None:
    """Write the transfers, new ones too, each of them once, as they have become."""
    if transfers:
        lines = [_LINES.dump_json(transfer.lines).decode() for transfer in transfers]
        await _WRITE.run(transaction, **columns(transfers, *_NAMES), lines=lines)


async def pickup_ids(connection: AsyncConnection, transfer_ids: Collection[str]) -> dict[str, str]:
    """The pickup of each of these transfers that exists."""
    asked = select(TRANSFERS.c.transfer_id, TRANSFERS.c.pickup_id).where(TRANSFERS.c.transfer_id.in_(transfer_ids))
    return {row.transfer_id: row.pickup_id for row in (await connection.execute(asked)).all()}


async def get(connection: AsyncConnection, transfer_id: str) -> Row[Any] | None:
    """The transfer's row with its `order_id`."""
    return (await connection.execute(_SHOWN.where(TRANSFERS.c.transfer_id == transfer_id))).first()


async def page(
    connection: AsyncConnection,
    *,
    location_id: str | None,
    state: str | None,
    after: tuple[datetime, str] | None,
    limit: int,
) -> Sequence[Row[Any]]:
    """Rows as `get` answers them that leave a place or come to it, oldest due first; `after` is the last one seen."""
    place = (TRANSFERS.c.due_at, TRANSFERS.c.transfer_id)
    statement = _SHOWN.order_by(*place).limit(limit)
    if location_id is not None:
        statement = statement.where(
            or_(TRANSFERS.c.from_location_id == location_id, TRANSFERS.c.to_location_id == location_id)
        )
    if state is not None:
        statement = statement.where(TRANSFERS.c.state == state)
    if after is not None:
        last = (literal(value, column.type) for value, column in zip(after, place, strict=True))
        statement = statement.where(tuple_(*place) > tuple_(*last))
    return (await connection.execute(statement)).all()


def _transfer(row: Any) -> Transfer:
    members = {name: getattr(row, name) for name in _NAMES}
    return Transfer(lines=_LINES.validate_json(row.lines), **members)
