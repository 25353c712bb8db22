"""Webhooks in the database. Their locks are taken here, in the order of their ids, and before those of deliveries."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.pickup.domain.webhooks import Webhook
from services.pickup.store.tables import WEBHOOKS
from shared.database import Transaction
from shared.statements import Statement, Writes, columns

_ADD = Statement(
    """
    INSERT INTO webhooks (webhook_id, url, event_types, secret, created_at, enabled_at, is_enabled, disabled_at,
        disabled_reason)
    VALUES (:webhook_id, :url, CAST(:event_types AS text[]), :secret, :created_at, :enabled_at, :is_enabled,
        :disabled_at, :disabled_reason)
    ON CONFLICT (webhook_id) DO NOTHING
    """
)
_LOCK = Statement(
    """
    SELECT * FROM webhooks WHERE webhook_id = ANY(CAST(:webhook_ids AS text[]))
    ORDER BY webhook_id FOR NO KEY UPDATE
    """
)
_PUT = Statement(
    """
    UPDATE webhooks SET url = :url, event_types = CAST(:event_types AS text[]), secret = :secret,
        previous_secret = :previous_secret, previous_secret_until = :previous_secret_until,
        is_enabled = :is_enabled, enabled_at = :enabled_at, disabled_at = :disabled_at,
        disabled_reason = :disabled_reason, failing_since = :failing_since, paused_until = :paused_until
    WHERE webhook_id = :webhook_id
    """
)
_LEARN = Statement(
    """
    UPDATE webhooks AS known SET is_enabled = learnt.is_enabled, disabled_at = learnt.disabled_at,
        disabled_reason = learnt.disabled_reason, failing_since = learnt.failing_since,
        paused_until = learnt.paused_until
    FROM unnest(CAST(:webhook_id AS text[]), CAST(:is_enabled AS boolean[]), CAST(:disabled_at AS timestamptz[]),
        CAST(:disabled_reason AS text[]), CAST(:failing_since AS timestamptz[]), CAST(:paused_until AS timestamptz[]))
        AS learnt (webhook_id, is_enabled, disabled_at, disabled_reason, failing_since, paused_until)
    WHERE known.webhook_id = learnt.webhook_id
    """
)
_IS_ANY_ENABLED = Statement("SELECT EXISTS (SELECT FROM webhooks WHERE is_enabled) AS is_any")
_DELETE = Statement("DELETE FROM webhooks WHERE webhook_id = :webhook_id")
_DELETE_DELIVERIES = Statement("DELETE FROM webhook_deliveries WHERE webhook_id = :webhook_id")


async def add(transaction: Transaction, webhook: Webhook) -> bool:
    """Store it; whether there was none of that id."""
    return bool(await _ADD.run(transaction, **asdict(webhook)))


async def lock(transaction: Transaction, webhook_ids: Collection[str]) -> dict[str, Webhook]:
    """Those that there are, by id, locked until the transaction ends."""
    rows = await _LOCK.rows(transaction, webhook_ids=sorted(webhook_ids))
    return {row.webhook_id: Webhook(**row) for row in rows}


async def put(transaction: Transaction, webhook: Webhook) -> None:
    """Write one as it has become."""
    await _PUT.run(transaction, **asdict(webhook))


def learn(writes: Writes, webhooks: Sequence[Webhook]) -> None:
    """Write how receivers fare."""
    names = ("webhook_id", "is_enabled", "disabled_at", "disabled_reason", "failing_since", "paused_until")
    if webhooks:
        writes.add(_LEARN, **columns(webhooks, *names))


async def delete(transaction: Transaction, webhook_id: str) -> bool:
    """Take it away with its deliveries; whether there was one."""
    # One after the other: whoever writes deliveries now holds the webhook's row, and is waited for.
    deleted = await _DELETE.run(transaction, webhook_id=webhook_id)
    await _DELETE_DELIVERIES.run(transaction, webhook_id=webhook_id)
    return bool(deleted)


async def get(connection: AsyncConnection, webhook_id: str) -> Row[Any] | None:
    return (await connection.execute(select(WEBHOOKS).where(WEBHOOKS.c.webhook_id == webhook_id))).first()


async def page(connection: AsyncConnection, after: str | None, limit: int) -> Sequence[Row[Any]]:
    """Rows by id, from after the one given."""
    statement = select(WEBHOOKS).order_by(WEBHOOKS.c.webhook_id).limit(limit)
    if after is not None:
        statement = statement.where(WEBHOOKS.c.webhook_id > after)
    return (await connection.execute(statement)).all()


async def is_any_enabled(connection: AsyncConnection) -> bool:
    return bool((await _IS_ANY_ENABLED.rows(connection))[0].is_any)
