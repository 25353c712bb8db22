"""Pickups in the database. Every lock on them is taken here, in the order of their ids."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, exists, func, literal, select, tuple_
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncConnection

from services.pickup.domain.pickups import Line, Pickup
from services.pickup.store import transfers
from services.pickup.store.tables import ORDER_PICKUPS, PICKUP_LINES, PICKUPS
from shared.database import Transaction
from shared.statements import Statement, columns, listed

# Sorted by the key, so that two batches that race for the same orders never wait for each other in a circle.
_CLAIM = Statement(
    """
    INSERT INTO order_pickups (order_id, location_id, pickup_id)
    SELECT order_id, location_id, pickup_id
    FROM unnest(CAST(:order_id AS text[]), CAST(:location_id AS text[]), CAST(:pickup_id AS uuid[]))
        AS asked (order_id, location_id, pickup_id)
    ORDER BY order_id, location_id
    ON CONFLICT (order_id, location_id) DO NOTHING
    RETURNING pickup_id::text AS pickup_id
    """
)
_ADD = Statement(
    """
    INSERT INTO pickups (pickup_id, order_id, reservation_id, location_id, state, due_at, requested_at, collector,
        ship_to_store)
    SELECT * FROM unnest(CAST(:pickup_id AS uuid[]), CAST(:order_id AS text[]), CAST(:reservation_id AS text[]),
        CAST(:location_id AS text[]), CAST(:state AS text[]), CAST(:due_at AS timestamptz[]),
        CAST(:requested_at AS timestamptz[]), CAST(:collector AS text[]), CAST(:ship_to_store AS boolean[]))
    """
)
_ADD_LINES = Statement(
    """
    INSERT INTO pickup_lines (pickup_id, sku, quantity, arriving)
    SELECT * FROM unnest(CAST(:pickup_ids AS uuid[]), CAST(:sku AS text[]), CAST(:quantity AS bigint[]),
        CAST(:arriving AS bigint[]))
    """
)
_ADDED = (
    "pickup_id",
    "order_id",
    "reservation_id",
    "location_id",
    "state",
    "due_at",
    "requested_at",
    "collector",
    "ship_to_store",
)
_CHANGING = {
    "state": "text",
    "due_at": "timestamptz",
    "started_at": "timestamptz",
    "ready_at": "timestamptz",
    "held_until": "timestamptz",
    "closed_at": "timestamptz",
    "code": "text",
    "wrong_tries": "integer",
    "locked_until": "timestamptz",
    "reason": "text",
    "late_at": "timestamptz",
    "remind_at": "timestamptz",
    "reminded_at": "timestamptz",
    "bag_location": "text",
    "collected_by": "text",
    "round_id": "uuid",
    "stars": "integer",
    "words": "text",
    "rated_at": "timestamptz",
}
"""The columns that a step may change, and their types."""
_WRITE = Statement(
    f"""
    UPDATE pickups SET {", ".join(f"{name} = changed.{name}" for name in _CHANGING)}
    FROM {listed({"pickup_id": "uuid", **_CHANGING})} AS changed (pickup_id, {", ".join(_CHANGING)})
    WHERE pickups.pickup_id = changed.pickup_id
    """
)
_WRITE_LINES = Statement(
    """
    UPDATE pickup_lines AS line SET picked = changed.picked, short = changed.short, cancelled = changed.cancelled,
        echo_due = changed.echo_due, arriving = changed.arriving
    FROM unnest(CAST(:pickup_ids AS uuid[]), CAST(:sku AS text[]), CAST(:picked AS bigint[]),
        CAST(:short AS bigint[]), CAST(:cancelled AS bigint[]), CAST(:echo_due AS bigint[]),
        CAST(:arriving AS bigint[]))
        AS changed (pickup_id, sku, picked, short, cancelled, echo_due, arriving)
    WHERE line.pickup_id = changed.pickup_id AND line.sku = changed.sku
    """
)
_LINES_AS_JSON = (
    select(
        func.jsonb_agg(
            aggregate_order_by(
                func.jsonb_build_object(
                    "sku", PICKUP_LINES.c.sku,
                    "quantity", PICKUP_LINES.c.quantity,
                    "picked", PICKUP_LINES.c.picked,
                    "short", PICKUP_LINES.c.short,
                    "cancelled", PICKUP_LINES.c.cancelled,
                    "arriving", PICKUP_LINES.c.arriving,
                ),
                PICKUP_LINES.c.sku,
            )
        )
    )
    .where(PICKUP_LINES.c.pickup_id == PICKUPS.c.pickup_id)
    .scalar_subquery()
    .label("lines")
)  # fmt: skip
# One statement with its lines: what is shown is one instant.
_SHOWN = select(PICKUPS, _LINES_AS_JSON)


async def add(transaction: Transaction, pickups: Sequence[Pickup]) -> list[Pickup]:
    """Store those that are the first of their order at their location; answers these."""
    if not pickups:
        return []
    claimed = await _CLAIM.rows(transaction, **columns(pickups, "order_id", "location_id", "pickup_id"))
    first = {row.pickup_id for row in claimed}
    added = [pickup for pickup in pickups if pickup.pickup_id in first]
    if not added:
        return []
    await _ADD.run(transaction, **columns(added, *_ADDED))
    await _ADD_LINES.run(transaction, **_line_columns(added, "sku", "quantity", "arriving"))
    await transfers.write(transaction, [transfer for pickup in added for transfer in pickup.transfers])
    return added


async def lock(transaction: Transaction, pickup_ids: Collection[str]) -> list[Pickup]:
    """The pickups that exist under these ids, locked until the transaction ends."""
    return await _lock(transaction, select(PICKUPS).where(PICKUPS.c.pickup_id.in_(pickup_ids)))


async def lock_of_orders(transaction: Transaction, order_ids: Collection[str]) -> list[Pickup]:
    """All pickups of these orders, locked until the transaction ends."""
    named = select(ORDER_PICKUPS.c.pickup_id).where(ORDER_PICKUPS.c.order_id.in_(order_ids))
    return await lock(transaction, (await transaction.execute(named)).scalars().all())


async def lock_of_rounds(transaction: Transaction, round_ids: Collection[str]) -> list[Pickup]:
    """All pickups of these rounds, locked until the transaction ends."""
    members = select(PICKUPS.c.pickup_id).where(PICKUPS.c.round_id.in_(round_ids))
    locked = await lock(transaction, (await transaction.execute(members)).scalars().all())
    return [pickup for pickup in locked if pickup.round_id in round_ids]


async def lock_waiting(transaction: Transaction, location_id: str, limit: int) -> list[Pickup]:
    """At most `limit` of a store that wait to be picked, the oldest due first; what somebody has locked is theirs.

    A bag that waits for something from elsewhere is picked once all of it is there.
    """
    incomplete = exists().where(PICKUP_LINES.c.pickup_id == PICKUPS.c.pickup_id, PICKUP_LINES.c.arriving > 0)
    waiting = select(PICKUPS).where(PICKUPS.c.location_id == location_id, PICKUPS.c.state == "requested", ~incomplete)
    oldest = waiting.order_by(PICKUPS.c.due_at, PICKUPS.c.pickup_id).limit(limit)
    rows = await transaction.execute(oldest.with_for_update(skip_locked=True))
    return await _with_lines(transaction, rows.all())


async def lock_lapsed(transaction: Transaction, now: datetime, limit: int) -> list[Pickup]:
    """At most `limit` ready pickups past their time; those that somebody else has locked are left to them."""
    return await _lock_due(transaction, PICKUPS.c.held_until, now, limit, PICKUPS.c.state == "ready")


async def lock_late(transaction: Transaction, now: datetime, limit: int) -> list[Pickup]:
    """The same of those that should be ready by now, are not, and were not found late before."""
    unready = PICKUPS.c.state.in_(("requested", "picking"))
    return await _lock_due(transaction, PICKUPS.c.due_at, now, limit, unready, PICKUPS.c.late_at.is_(None))


async def lock_to_remind(transaction: Transaction, now: datetime, limit: int) -> list[Pickup]:
    """The same of ready ones, still held, whose customers are to be reminded by now and were not."""
    held = (PICKUPS.c.state == "ready", PICKUPS.c.held_until > now, PICKUPS.c.reminded_at.is_(None))
    return await _lock_due(transaction, PICKUPS.c.remind_at, now, limit, *held)


async def _lock_due(
    transaction: Transaction, due: ColumnElement[Any], now: datetime, limit: int, *conditions: ColumnElement[bool]
) -> list[Pickup]:
    statement = select(PICKUPS).where(*conditions, due <= now).order_by(due).limit(limit)
    rows = await transaction.execute(statement.with_for_update(skip_locked=True))
    return await _with_lines(transaction, rows.all())


async def _lock(transaction: Transaction, statement: Select[Any]) -> list[Pickup]:
    rows = await transaction.execute(statement.order_by(PICKUPS.c.pickup_id).with_for_update())
    return await _with_lines(transaction, rows.all())


async def _with_lines(transaction: Transaction, rows: Sequence[Row[Any]]) -> list[Pickup]:
    # A statement of its own, after the lock: it sees what the lock waited for.
    lines: dict[str, list[Line]] = {row.pickup_id: [] for row in rows}
    statement = select(PICKUP_LINES).where(PICKUP_LINES.c.pickup_id.in_(list(lines))).order_by(PICKUP_LINES.c.sku)
    for pickup_id, *line in (await transaction.execute(statement)).all():
        lines[pickup_id].append(Line(*line))
    sent = await transfers.of_pickups(transaction, [row.pickup_id for row in rows if row.ship_to_store])
    return [
        Pickup(**row._mapping, lines=tuple(lines[row.pickup_id]), transfers=sent.get(row.pickup_id, ())) for row in rows
    ]


async def write(transaction: Transaction, pickups: Sequence[Pickup]) -> None:
    """Write the pickups, each of them once, as they have become."""
    if not pickups:
        return
    await _WRITE.run(transaction, **columns(pickups, "pickup_id", *_CHANGING))
    names = ("sku", "picked", "short", "cancelled", "echo_due", "arriving")
    await _WRITE_LINES.run(transaction, **_line_columns(pickups, *names))
    await transfers.write(transaction, [transfer for pickup in pickups for transfer in pickup.transfers])


def _line_columns(pickups: Sequence[Pickup], *names: str) -> dict[str, list[Any]]:
    pickup_ids = [pickup.pickup_id for pickup in pickups for _ in pickup.lines]
    return {"pickup_ids": pickup_ids, **columns((line for pickup in pickups for line in pickup.lines), *names)}


async def get(connection: AsyncConnection, pickup_id: str) -> Row[Any] | None:
    """The pickup's row with its `lines` as a list of objects."""
    return (await connection.execute(_SHOWN.where(PICKUPS.c.pickup_id == pickup_id))).first()


async def of_round(connection: AsyncConnection, round_id: str) -> Sequence[Row[Any]]:
    """Rows as `get` answers them, oldest due first."""
    members = _SHOWN.where(PICKUPS.c.round_id == round_id).order_by(PICKUPS.c.due_at, PICKUPS.c.pickup_id)
    return (await connection.execute(members)).all()


async def page(
    connection: AsyncConnection,
    *,
    location_id: str | None,
    states: Collection[str] | None,
    order_id: str | None,
    after: tuple[datetime, str] | None,
    limit: int,
) -> Sequence[Row[Any]]:
    """Rows as `get` answers them, oldest due first, from after the (due_at, pickup_id) given; of any state
    where none is named."""
    wanted = {"location_id": location_id, "order_id": order_id}
    statement = _SHOWN.order_by(PICKUPS.c.due_at, PICKUPS.c.pickup_id).limit(limit)
    for name, value in wanted.items():
        if value is not None:
            statement = statement.where(PICKUPS.c[name] == value)
    if states is not None:
        statement = statement.where(PICKUPS.c.state.in_(states))
    if after is not None:
        place = (PICKUPS.c.due_at, PICKUPS.c.pickup_id)
        last = (literal(value, column.type) for value, column in zip(after, place, strict=True))
        statement = statement.where(tuple_(*place) > tuple_(*last))
    return (await connection.execute(statement)).all()
