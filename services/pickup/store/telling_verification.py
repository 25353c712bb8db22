"""What must be true of what time does to pickups, and of what webhooks are told."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_LIMIT = 100
"""So many violations of each kind are named; the first ones say enough."""

_PICKUPS = text(
    """
    WITH judged AS (
        SELECT pickup_id, CASE
            WHEN late_at < due_at THEN 'it was found late before it was due'
            WHEN remind_at IS NOT NULL AND ready_at IS NULL THEN 'it is to be reminded of, but was never ready'
            WHEN remind_at <= ready_at OR remind_at >= held_until THEN 'it is not reminded of while it is held'
            WHEN reminded_at IS NOT NULL AND (remind_at IS NULL OR reminded_at < remind_at)
                THEN 'it was reminded of before its time'
            END AS broken
        FROM pickups)
    SELECT pickup_id, broken FROM judged WHERE broken IS NOT NULL ORDER BY pickup_id LIMIT :limit
    """
)
_DELIVERIES = text(
    """
    WITH judged AS (
        SELECT webhook_id, delivery_id, CASE
            WHEN webhooks.webhook_id IS NULL THEN 'there is no such webhook'
            WHEN state NOT IN ('pending', 'delivered', 'failed') THEN 'there is no such state'
            WHEN (state = 'pending') <> (next_attempt_at IS NOT NULL) OR (state = 'pending') <> (closed_at IS NULL)
                THEN 'its instants contradict its state'
            WHEN state = 'delivered' AND (last_status IS NULL OR last_status NOT BETWEEN 200 AND 299)
                THEN 'nobody has taken it'
            WHEN attempts < 0 OR state <> 'pending' AND attempts = 0 THEN 'it was never tried'
            END AS broken
        FROM webhook_deliveries LEFT JOIN webhooks USING (webhook_id))
    SELECT webhook_id, delivery_id, broken FROM judged WHERE broken IS NOT NULL
    ORDER BY webhook_id, delivery_id LIMIT :limit
    """
)
_WEBHOOKS = text(
    """
    SELECT webhook_id FROM webhooks
    WHERE is_enabled = (disabled_at IS NOT NULL) OR (disabled_at IS NULL) <> (disabled_reason IS NULL)
        OR (previous_secret IS NULL) <> (previous_secret_until IS NULL)
    ORDER BY webhook_id LIMIT :limit
    """
)


async def violations(connection: AsyncConnection) -> list[str]:
    """A sentence for everything that cannot be; empty when all is well."""
    pickups = await connection.execute(_PICKUPS, {"limit": _LIMIT})
    found = [f"pickup {row.pickup_id}: {row.broken}" for row in pickups]
    deliveries = await connection.execute(_DELIVERIES, {"limit": _LIMIT})
    found += [f"delivery {row.delivery_id} to webhook {row.webhook_id}: {row.broken}" for row in deliveries]
    webhooks = await connection.execute(_WEBHOOKS, {"limit": _LIMIT})
    return found + [f"webhook {row.webhook_id} contradicts itself" for row in webhooks]
