"""What webhooks are told, one row for each event and webhook, in the database."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.pickup.store.tables import WEBHOOK_DELIVERIES
from shared.database import Connection, Transaction
from shared.statements import Row as DriverRow
from shared.statements import Statement, Writes, columns, listed

_TOLD = {
    "delivery_id": "uuid",
    "event_source": "text",
    "event_id": "text",
    "event_type": "text",
    "happened_at": "timestamptz",
    "body": "bytea",
}
# The webhooks' rows are held, so that none is deleted between this look and the commit.
_QUEUE = Statement(
    f"""
    INSERT INTO webhook_deliveries
        (webhook_id, delivery_id, event_source, event_id, event_type, body, next_attempt_at, created_at)
    SELECT webhook_id, told.delivery_id, told.event_source, told.event_id, told.event_type, told.body,
        CAST(:now AS timestamptz), CAST(:now AS timestamptz)
    FROM {listed(_TOLD)} AS told ({", ".join(_TOLD)})
        JOIN webhooks ON told.event_type = ANY(webhooks.event_types)
    WHERE is_enabled AND told.happened_at >= enabled_at - CAST(:clocks_apart AS interval)
    ORDER BY webhook_id FOR KEY SHARE OF webhooks
    ON CONFLICT (webhook_id, event_source, event_id) DO NOTHING
    """
)
# Of each receiver no more than it still may be sent at once; those with the least under way come first.
_CLAIM = Statement(
    """
    WITH due AS MATERIALIZED (
        SELECT receiver.webhook_id, delivery_id
        FROM (
            SELECT webhook_id, coalesce(count, 0) AS sending
            FROM webhooks
                LEFT JOIN unnest(CAST(:busy AS text[]), CAST(:counts AS integer[])) AS under_way (webhook_id, count)
                USING (webhook_id)
            WHERE is_enabled AND (paused_until IS NULL OR paused_until <= :now)
            ORDER BY sending, random()
        ) AS receiver
        CROSS JOIN LATERAL (
            SELECT delivery_id FROM webhook_deliveries
            WHERE webhook_id = receiver.webhook_id AND state = 'pending' AND next_attempt_at <= :now
            ORDER BY next_attempt_at LIMIT greatest(0, :receiver_limit - receiver.sending)
            FOR UPDATE SKIP LOCKED
        ) AS waiting
        LIMIT :limit
    )
    UPDATE webhook_deliveries AS delivery
    SET attempts = attempts + 1, last_attempt_at = CAST(:now AS timestamptz), next_attempt_at = :again_at,
        last_status = NULL, last_error = NULL
    FROM due JOIN webhooks USING (webhook_id)
    WHERE delivery.webhook_id = due.webhook_id AND delivery.delivery_id = due.delivery_id
    RETURNING delivery.webhook_id, delivery.delivery_id::text AS delivery_id, delivery.body, delivery.attempts,
        webhooks.url, webhooks.secret, webhooks.previous_secret, webhooks.previous_secret_until
    """
)
# One that was replayed, or claimed again, meanwhile is no longer this attempt's to judge.
_CONCLUDE = Statement(
    """
    UPDATE webhook_deliveries AS delivery
    SET state = told.state, next_attempt_at = told.next_attempt_at, last_status = told.status,
        last_error = told.error, closed_at = CASE WHEN told.state <> 'pending' THEN CAST(:now AS timestamptz) END
    FROM unnest(CAST(:webhook_id AS text[]), CAST(:delivery_id AS uuid[]), CAST(:attempts AS integer[]),
        CAST(:state AS text[]), CAST(:next_attempt_at AS timestamptz[]), CAST(:status AS integer[]),
        CAST(:error AS text[])) AS told (webhook_id, delivery_id, attempts, state, next_attempt_at, status, error)
    WHERE delivery.webhook_id = told.webhook_id AND delivery.delivery_id = told.delivery_id
        AND delivery.attempts = told.attempts AND delivery.state = 'pending'
    """
)
_REPLAY = Statement(
    """
    UPDATE webhook_deliveries SET state = 'pending', attempts = 0, next_attempt_at = :now, closed_at = NULL
    WHERE webhook_id = :webhook_id AND delivery_id = CAST(:delivery_id AS uuid)
    """
)
_PRUNE = Statement(
    """
    DELETE FROM webhook_deliveries WHERE (webhook_id, delivery_id) IN (
        SELECT webhook_id, delivery_id FROM webhook_deliveries
        WHERE state <> 'pending' AND closed_at < :before ORDER BY closed_at LIMIT :limit FOR UPDATE SKIP LOCKED)
    """
)


async def queue(transaction: Transaction, told: Sequence[Any], clocks_apart: timedelta, now: datetime) -> int:
    """A delivery of each event for each enabled webhook that wants its type, once; answers how many are new.

    `told` are objects with the names of `_TOLD` as attributes. What happened before a webhook was enabled is not for
    it; clocks may differ by `clocks_apart`.
    """
    return await _QUEUE.run(transaction, **columns(told, *_TOLD), clocks_apart=clocks_apart, now=now)


async def claim(
    connection: Connection,
    *,
    limit: int,
    receiver_limit: int,
    under_way: dict[str, int],
    now: datetime,
    again_at: datetime,
) -> list[DriverRow]:
    """Take at most `limit` that are due, each with its receiver's URL and secrets. Unless concluded, due `again_at`.

    `under_way` are the deliveries that this process is sending, by webhook: no receiver is sent more than
    `receiver_limit` at once.
    """
    return await _CLAIM.rows(
        connection,
        busy=list(under_way),
        counts=list(under_way.values()),
        limit=limit,
        receiver_limit=receiver_limit,
        now=now,
        again_at=again_at,
    )


def conclude(writes: Writes, concluded: Sequence[Any], now: datetime) -> None:
    """Write what became of attempts: objects with the statement's names as attributes."""
    names = ("webhook_id", "delivery_id", "attempts", "state", "next_attempt_at", "status", "error")
    writes.add(_CONCLUDE, **columns(concluded, *names), now=now)


async def replay(transaction: Transaction, webhook_id: str, delivery_id: str, now: datetime) -> bool:
    """Send it again from the beginning of the schedule; whether there is such a delivery."""
    return bool(await _REPLAY.run(transaction, webhook_id=webhook_id, delivery_id=delivery_id, now=now))


async def prune(transaction: Transaction, before: datetime, limit: int) -> int:
    """Forget at most `limit` that ended before this instant; answers how many."""
    return await _PRUNE.run(transaction, before=before, limit=limit)


async def get(connection: AsyncConnection, webhook_id: str, delivery_id: str) -> Row[Any] | None:
    table = WEBHOOK_DELIVERIES
    one = select(table).where(table.c.webhook_id == webhook_id, table.c.delivery_id == delivery_id)
    return (await connection.execute(one)).first()


async def page(
    connection: AsyncConnection, webhook_id: str, state: str | None, before: str | None, limit: int
) -> Sequence[Row[Any]]:
    """Rows of one webhook, newest first, from after the delivery given."""
    table = WEBHOOK_DELIVERIES
    statement = select(table).where(table.c.webhook_id == webhook_id).order_by(table.c.delivery_id.desc()).limit(limit)
    if state is not None:
        statement = statement.where(table.c.state == state)
    if before is not None:
        statement = statement.where(table.c.delivery_id < before)
    return (await connection.execute(statement)).all()
