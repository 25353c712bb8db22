"""Reservations in the database. Their rows are locked by id, and always before the levels they hold."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from services.inventory.domain.backorders import Owed
from services.inventory.domain.levels import Key
from services.inventory.domain.oversold import OpenPromise
from services.inventory.domain.reservations import Line
from services.inventory.store import backorders
from shared.database import Transaction
from shared.statements import Statement, Writes, columns


@dataclass(slots=True)
class Reservation:
    """A promise: `lines` are held, `owed` units still to come."""

    reservation_id: str
    reference: str
    channel: str
    state: str
    order_id: str | None
    expires_at: datetime | None
    created_at: datetime
    lines: list[Line] = field(default_factory=list)
    owed: list[Owed] = field(default_factory=list)

    def line(self, key: Key) -> Line | None:
        return next((line for line in self.lines if line.key == key), None)

    @property
    def promised(self) -> list[Line]:
        """The lines but for those whose units have all been moved to other places."""
        return [line for line in self.lines if line.quantity]


class GrantedLine(NamedTuple):
    """A line as it was granted, with what was available right before, and the cap that it counts against."""

    reservation_id: str
    sku: str
    location_id: str
    quantity: int
    available: int
    cap_id: str | None = None


_INSERT = Statement(
    """
    INSERT INTO reservations (reservation_id, reference, channel, state, order_id, expires_at, created_at, updated_at)
    SELECT reservation_id, reference, channel, state, order_id, expires_at, created_at, created_at
    FROM unnest(CAST(:reservation_id AS uuid[]), CAST(:reference AS text[]), CAST(:channel AS text[]),
        CAST(:state AS text[]), CAST(:order_id AS text[]), CAST(:expires_at AS timestamptz[]),
        CAST(:created_at AS timestamptz[]))
        AS granted (reservation_id, reference, channel, state, order_id, expires_at, created_at)
    """
)
_GIVE_TO_ORDERS = Statement(
    """
    INSERT INTO order_reservations (order_id, reservation_id)
    SELECT * FROM unnest(CAST(:order_id AS text[]), CAST(:reservation_id AS uuid[])) AS given (order_id, reservation_id)
    ORDER BY order_id
    """
)
_INSERT_LINES = Statement(
    """
    INSERT INTO reservation_lines (reservation_id, sku, location_id, quantity, open, available, cap_id)
    SELECT reservation_id, sku, location_id, quantity, quantity, available, cap_id
    FROM unnest(CAST(:reservation_id AS uuid[]), CAST(:sku AS text[]), CAST(:location_id AS text[]),
        CAST(:quantity AS bigint[]), CAST(:available AS bigint[]), CAST(:cap_id AS uuid[]))
        AS granted (reservation_id, sku, location_id, quantity, available, cap_id)
    """
)
_UPDATE = Statement(
    """
    UPDATE reservations SET state = changed.state, reference = changed.reference, order_id = changed.order_id,
        expires_at = changed.expires_at, updated_at = :now
    FROM unnest(CAST(:reservation_id AS uuid[]), CAST(:state AS text[]), CAST(:reference AS text[]),
        CAST(:order_id AS text[]), CAST(:expires_at AS timestamptz[]))
        AS changed (reservation_id, state, reference, order_id, expires_at)
    WHERE reservations.reservation_id = changed.reservation_id
    """
)
_UPDATE_LINES = Statement(
    """
    UPDATE reservation_lines AS line SET open = changed.open, fulfilled = changed.fulfilled,
        in_transit = changed.in_transit,
        told_short = greatest(0, told_short - (line.open - changed.open))
    FROM unnest(CAST(:reservation_ids AS uuid[]), CAST(:skus AS text[]), CAST(:location_ids AS text[]),
        CAST(:open AS bigint[]), CAST(:fulfilled AS bigint[]), CAST(:in_transit AS bigint[]))
        AS changed (reservation_id, sku, location_id, open, fulfilled, in_transit)
    WHERE line.reservation_id = changed.reservation_id AND line.sku = changed.sku
        AND line.location_id = changed.location_id
    """
)
_KNOWN_COMMANDS = Statement(
    """
    SELECT reservation_id, source, event_id FROM reservation_commands
    JOIN unnest(CAST(:reservation_ids AS uuid[]), CAST(:sources AS text[]), CAST(:event_ids AS text[]))
        AS asked (reservation_id, source, event_id) USING (reservation_id, source, event_id)
    """
)
_KEEP_COMMANDS = Statement(
    """
    INSERT INTO reservation_commands (reservation_id, source, event_id, command, recorded_at)
    SELECT reservation_id, source, event_id, command, :now
    FROM unnest(CAST(:reservation_id AS uuid[]), CAST(:source AS text[]), CAST(:event_id AS text[]),
        CAST(:command AS text[])) AS seen (reservation_id, source, event_id, command)
    """
)
_LAPSED = Statement(
    """
    SELECT reservation_id FROM reservations WHERE state = 'held' AND expires_at <= :now
    ORDER BY expires_at LIMIT :limit
    """
)
_OPEN_AT = Statement(
    """
    SELECT location_id, sku, reservation_id, reference, created_at, open,
        CASE state WHEN 'backordered' THEN 'held' ELSE state END AS state
    FROM unnest(CAST(:location_ids AS text[]), CAST(:skus AS text[])) AS short (location_id, sku)
    JOIN reservation_lines USING (location_id, sku) JOIN reservations USING (reservation_id)
    WHERE open > 0
    """
)

_COLUMNS = "reservation_id::text AS reservation_id, reference, channel, state, order_id, expires_at, created_at"
_LOAD = Statement(f"SELECT {_COLUMNS} FROM reservations WHERE reservation_id = CAST(:id AS uuid)")
_LOCK = Statement(
    f"""
    SELECT {_COLUMNS} FROM reservations WHERE reservation_id = ANY(CAST(:ids AS uuid[]))
    ORDER BY reservations.reservation_id FOR UPDATE
    """
)
_LINES = Statement(
    """
    SELECT reservation_id::text AS reservation_id, sku, location_id, quantity, open, fulfilled, told_short,
        cap_id::text AS cap_id, in_transit
    FROM reservation_lines WHERE reservation_id = ANY(CAST(:ids AS uuid[]))
    ORDER BY reservation_lines.reservation_id, sku, location_id
    """
)
_IDS_BY_ORDER = Statement(
    """
    SELECT order_id, reservation_id::text AS reservation_id FROM order_reservations
    WHERE order_id = ANY(CAST(:order_ids AS text[]))
    """
)

CommandIdentity = tuple[str, str, str]
"""(reservation_id, source, event_id)"""


def insert(writes: Writes, granted: Sequence[Reservation], lines: Sequence[GrantedLine]) -> None:
    if granted:
        names = ("reservation_id", "reference", "channel", "state", "order_id", "expires_at", "created_at")
        writes.add(_INSERT, **columns(granted, *names))
    give_to_orders(writes, [reservation for reservation in granted if reservation.order_id is not None])
    if lines:
        writes.add(_INSERT_LINES, **columns(lines, *GrantedLine._fields))


async def lock(transaction: Transaction, reservation_ids: Iterable[str]) -> dict[str, Reservation]:
    """The reservations that exist under these ids, with their lines, locked in the order of their ids."""
    ids = list(set(reservation_ids))
    return await _with_lines(transaction, await _LOCK.rows(transaction, ids=ids)) if ids else {}


async def load(connection: AsyncConnection, reservation_id: str) -> Reservation | None:
    found = await _with_lines(connection, await _LOAD.rows(connection, id=reservation_id))
    return found.get(reservation_id)


async def ids_by_order(connection: AsyncConnection, order_ids: Iterable[str]) -> dict[str, str]:
    """For each of these orders that has asked before: the id of its reservation, granted or rejected."""
    rows = await _IDS_BY_ORDER.rows(connection, order_ids=list(set(order_ids)))
    return {row.order_id: row.reservation_id for row in rows}


async def _with_lines(connection: AsyncConnection, rows: Sequence[Row[Any]]) -> dict[str, Reservation]:
    found = {
        row.reservation_id: Reservation(
            row.reservation_id, row.reference, row.channel, row.state, row.order_id, row.expires_at, row.created_at
        )
        for row in rows
    }
    # A statement of its own, after the lock: it sees what the lock waited for.
    for row in await _LINES.rows(connection, ids=list(found)):
        found[row.reservation_id].lines.append(Line(*row[1:]))
    waiting = [reservation.reservation_id for reservation in found.values() if reservation.state == "backordered"]
    if waiting:
        for reservation_id, owed in (await backorders.owed(connection, waiting)).items():
            found[reservation_id].owed = owed
    return found


def give_to_orders(writes: Writes, reservations: Sequence[Reservation]) -> None:
    """Say that these are their orders'. The transaction fails where an order has one already."""
    if reservations:
        writes.add(_GIVE_TO_ORDERS, **columns(reservations, "order_id", "reservation_id"))


def update(writes: Writes, changed: Sequence[Reservation], now: datetime) -> None:
    """Write state and lines of the reservations."""
    if not changed:
        return
    names = ("reservation_id", "state", "reference", "order_id", "expires_at")
    writes.add(_UPDATE, **columns(changed, *names), now=now)
    lines = [(reservation.reservation_id, line) for reservation in changed for line in reservation.lines]
    writes.add(
        _UPDATE_LINES,
        reservation_ids=[reservation_id for reservation_id, _ in lines],
        skus=[line.sku for _, line in lines],
        location_ids=[line.location_id for _, line in lines],
        open=[line.open for _, line in lines],
        fulfilled=[line.fulfilled for _, line in lines],
        in_transit=[line.in_transit for _, line in lines],
    )


async def known_commands(transaction: Transaction, asked: Sequence[CommandIdentity]) -> set[CommandIdentity]:
    """Which of these commands have taken effect already; to be asked under the reservations' locks."""
    rows = await _KNOWN_COMMANDS.rows(
        transaction,
        reservation_ids=[identity[0] for identity in asked],
        sources=[identity[1] for identity in asked],
        event_ids=[identity[2] for identity in asked],
    )
    return {(str(row.reservation_id), row.source, row.event_id) for row in rows}


def keep_commands(writes: Writes, commands: Sequence[Any], now: datetime) -> None:
    """Remember commands, objects with reservation_id, source, event_id and command."""
    if commands:
        names = ("reservation_id", "source", "event_id", "command")
        writes.add(_KEEP_COMMANDS, **columns(commands, *names), now=now)


async def lapsed(connection: AsyncConnection, now: datetime, limit: int) -> list[str]:
    """Holds past their time, the oldest first."""
    rows = await _LAPSED.rows(connection, now=now, limit=limit)
    return [str(row.reservation_id) for row in rows]


async def open_at(transaction: Transaction, keys: Iterable[Key]) -> Mapping[Key, list[OpenPromise]]:
    """The open promises at these places."""
    asked = sorted(keys)
    rows = await _OPEN_AT.rows(transaction, location_ids=[place for place, _ in asked], skus=[sku for _, sku in asked])
    found: dict[Key, list[OpenPromise]] = defaultdict(list)
    for row in rows:
        promise = OpenPromise(str(row.reservation_id), row.reference, row.state, row.created_at, row.open)
        found[(row.location_id, row.sku)].append(promise)
    return found
