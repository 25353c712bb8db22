"""Routing policies in the database: one document for each channel that has one."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from services.orders.domain.routing import RoutingPolicy
from shared.database import Transaction
from shared.statements import Statement

POLICY: TypeAdapter[RoutingPolicy] = TypeAdapter(RoutingPolicy)
"""Reads the document of a policy and writes it."""

_PUT = Statement(
    """
    INSERT INTO routing_policies AS known (channel, policy, updated_at)
    VALUES (:channel, CAST(CAST(:policy AS text) AS jsonb), :now)
    ON CONFLICT (channel) DO UPDATE SET policy = excluded.policy, updated_at = excluded.updated_at, version = DEFAULT
    RETURNING xmax = 0 AS is_new
    """
)
_COLUMNS = "channel, policy::text AS policy, updated_at"
_ALL = Statement(f"SELECT {_COLUMNS} FROM routing_policies")
_ONE = Statement(f"SELECT {_COLUMNS} FROM routing_policies WHERE channel = :channel")
_PAGE = Statement(
    f"SELECT {_COLUMNS} FROM routing_policies WHERE channel > :after ORDER BY routing_policies.channel LIMIT :limit"
)


class StoredPolicy(NamedTuple):
    channel: str
    policy: RoutingPolicy
    updated_at: datetime


async def put(transaction: Transaction, channel: str, policy: RoutingPolicy, now: datetime) -> bool:
    """Store the channel's policy; True where it had none."""
    document = POLICY.dump_json(policy).decode()
    (row,) = await _PUT.rows(transaction, channel=channel, policy=document, now=now)
    return bool(row.is_new)


async def every(connection: AsyncConnection) -> dict[str, RoutingPolicy]:
    """The policy of each channel that has one."""
    return {row.channel: POLICY.validate_json(row.policy) for row in await _ALL.rows(connection)}


async def get(connection: AsyncConnection, channel: str) -> StoredPolicy | None:
    rows = await _ONE.rows(connection, channel=channel)
    return StoredPolicy(channel, POLICY.validate_json(rows[0].policy), rows[0].updated_at) if rows else None


async def page(connection: AsyncConnection, after: str, limit: int) -> Sequence[StoredPolicy]:
    """By channel, from behind `after` on."""
    rows = await _PAGE.rows(connection, after=after, limit=limit)
    return [StoredPolicy(row.channel, POLICY.validate_json(row.policy), row.updated_at) for row in rows]
