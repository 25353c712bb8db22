"""Channels in the database, and what they promised under their caps. Caps are locked after levels, by their key."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic import TypeAdapter
from pydantic_core import to_json

from services.inventory.domain.channels import Channel, Limit, Pool
from shared.database import Connection, Transaction
from shared.statements import Row, Statement, Writes

_COLUMNS = "channel, name, open, hold_seconds, CAST(limits AS text) AS limits"
_GET = Statement(f"SELECT {_COLUMNS} FROM channels WHERE channel = ANY(CAST(:channels AS text[]))")
_LOCK = Statement(
    f"SELECT {_COLUMNS} FROM channels WHERE channel = ANY(CAST(:channels AS text[])) ORDER BY channel FOR UPDATE"
)
_PAGE = Statement(
    f"""
    SELECT {_COLUMNS} FROM channels WHERE CAST(:after AS text) IS NULL OR channel > CAST(:after AS text)
    ORDER BY channel LIMIT :limit
    """
)
_PUT = Statement(
    """
    INSERT INTO channels (channel, name, open, hold_seconds, limits, updated_at)
    VALUES (:channel, :name, :open, :hold_seconds, CAST(CAST(:limits AS text) AS jsonb), :now)
    ON CONFLICT (channel) DO UPDATE SET name = excluded.name, open = excluded.open,
        hold_seconds = excluded.hold_seconds, limits = excluded.limits, updated_at = excluded.updated_at
    """
)
_GROUPS = Statement(
    """
    SELECT location_id, groups FROM locations
    WHERE location_id = ANY(CAST(:location_ids AS text[])) AND groups <> '{}'
    """
)
# An update that changes nothing locks the row that is there, and answers it as it stands under the lock.
_LOCK_PROMISED = Statement(
    """
    INSERT INTO cap_promises AS known (cap_id, sku, channel)
    SELECT cap_id, sku, channel
    FROM unnest(CAST(:cap_ids AS uuid[]), CAST(:skus AS text[]), CAST(:channels AS text[]))
        AS asked (cap_id, sku, channel)
    ORDER BY cap_id, sku
    ON CONFLICT (cap_id, sku) DO UPDATE SET promised = known.promised
    RETURNING CAST(cap_id AS text) AS cap_id, sku, promised
    """
)
_PROMISED = Statement(
    """
    SELECT CAST(cap_id AS text) AS cap_id, sku, promised FROM cap_promises
    WHERE (cap_id, sku) IN (SELECT * FROM unnest(CAST(:cap_ids AS uuid[]), CAST(:skus AS text[])))
    """
)
_PROMISED_IN_ALL = Statement(
    """
    SELECT CAST(cap_id AS text) AS cap_id, sum(promised)::bigint AS promised FROM cap_promises
    WHERE cap_id = ANY(CAST(:cap_ids AS uuid[])) GROUP BY cap_id
    """
)
_COUNT = Statement(
    """
    UPDATE cap_promises SET promised = promised + counted.units
    FROM (
        SELECT cap_id, sku, change.units
        FROM cap_promises JOIN unnest(CAST(:cap_ids AS uuid[]), CAST(:skus AS text[]), CAST(:units AS bigint[]))
            AS change (cap_id, sku, units) USING (cap_id, sku)
        ORDER BY cap_id, sku FOR UPDATE OF cap_promises) AS counted
    WHERE cap_promises.cap_id = counted.cap_id AND cap_promises.sku = counted.sku
    """
)
_LIMITS = TypeAdapter(list[Limit])


async def get(connection: Connection, channels: Collection[str]) -> dict[str, Channel]:
    """Those of the channels that were ever put, by name."""
    return _by_name(await _GET.rows(connection, channels=list(channels)))


async def lock(transaction: Transaction, channels: Collection[str]) -> dict[str, Channel]:
    """The same, locked in the order of their names until the transaction ends."""
    return _by_name(await _LOCK.rows(transaction, channels=list(channels)))


async def page(connection: Connection, after: str | None, limit: int) -> list[Channel]:
    return list(_by_name(await _PAGE.rows(connection, after=after, limit=limit)).values())


def _by_name(rows: Sequence[Row]) -> dict[str, Channel]:
    return {
        row.channel: Channel(row.channel, row.name, row.open, row.hold_seconds, _LIMITS.validate_json(row.limits))
        for row in rows
    }


async def put(transaction: Transaction, channel: Channel, now: datetime) -> None:
    limits = to_json([_kept(limit) for limit in channel.limits]).decode()
    await _PUT.run(
        transaction,
        channel=channel.channel,
        name=channel.name,
        open=channel.open,
        hold_seconds=channel.hold_seconds,
        limits=limits,
        now=now,
    )


def _kept(limit: Limit) -> dict[str, Any]:
    """What is said of a limit; a fraction as text, so that it stays the decimal that it is."""
    said = {name: getattr(limit, name) for name in Limit.__slots__}
    return {
        name: str(value) if isinstance(value, Decimal) else value for name, value in said.items() if value is not None
    }


async def groups(connection: Connection, location_ids: Iterable[str]) -> dict[str, list[str]]:
    """The groups of those of the places that are in any."""
    rows = await _GROUPS.rows(connection, location_ids=sorted(set(location_ids)))
    return {row.location_id: row.groups for row in rows}


async def lock_promised(transaction: Transaction, pools: Mapping[Pool, str]) -> dict[Pool, int]:
    """What was promised of each pool, locked until the transaction ends; with each pool comes its channel."""
    rows = await _LOCK_PROMISED.rows(transaction, **_columns(pools), channels=list(pools.values()))
    return {(row.cap_id, row.sku): row.promised for row in rows}


async def promised(connection: Connection, pools: Iterable[Pool]) -> dict[Pool, int]:
    """The same without a lock; a pool of which nothing was promised yet is absent."""
    rows = await _PROMISED.rows(connection, **_columns(pools))
    return {(row.cap_id, row.sku): row.promised for row in rows}


async def promised_in_all(connection: Connection, cap_ids: Iterable[str]) -> dict[str, int]:
    """Units promised under each cap, all items together."""
    rows = await _PROMISED_IN_ALL.rows(connection, cap_ids=list(cap_ids))
    return {row.cap_id: row.promised for row in rows}


def count(writes: Writes, changes: Mapping[Pool, int]) -> None:
    """Count units against pools, or back where they are less than 0; rows are locked in the order of their key."""
    changed = {pool: units for pool, units in changes.items() if units}
    if changed:
        writes.add(_COUNT, **_columns(changed), units=list(changed.values()))


def _columns(pools: Iterable[Pool]) -> dict[str, list[str]]:
    held = list(pools)
    return {"cap_ids": [cap_id for cap_id, _ in held], "skus": [sku for _, sku in held]}
