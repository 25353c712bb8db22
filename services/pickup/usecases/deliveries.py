"""What happened to orders and pickups becomes deliveries to webhooks, and what became of those."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic_core import to_json

from services.pickup.domain.deliveries import DeliveryState, Outcome, Reply
from services.pickup.domain.webhooks import learn
from services.pickup.store import deliveries, webhooks
from shared.consumer import Received
from shared.contracts import orders, pickups
from shared.contracts.event import Event
from shared.contracts.registry import EVENT_TYPES
from shared.contracts.values import rfc3339
from shared.database import Database, Transaction, tell
from shared.errors import DomainError
from shared.identifiers import new_id
from shared.statements import gathered

TOPICS = (orders.TOPIC, pickups.TOPIC)
TOLD = tuple(sorted(kind.name for kind in EVENT_TYPES.values() if kind.topic in TOPICS))
"""The event types that a webhook may be told of."""
CHANNEL = "webhook_deliveries"
"""Told when there is something to send."""
CLOCKS_APART = timedelta(minutes=1)
"""So far the clocks of two services may differ: what happened in the last minute may be told to a new webhook."""
PRUNE_LIMIT = 1_000
"""So many old deliveries are forgotten in one transaction."""


@dataclass(frozen=True, slots=True)
class _Told:
    """An event as a delivery: its own identity, and one under which every attempt is made."""

    delivery_id: str
    event_source: str
    event_id: str
    event_type: str
    happened_at: datetime
    body: bytes


@dataclass(frozen=True, slots=True)
class Concluded:
    """An attempt of a delivery and what follows from it."""

    webhook_id: str
    delivery_id: str
    attempts: int
    reply: Reply
    outcome: Outcome

    @property
    def state(self) -> DeliveryState:
        return self.outcome.state

    @property
    def next_attempt_at(self) -> datetime | None:
        return self.outcome.next_attempt_at

    @property
    def status(self) -> int | None:
        return self.reply.status

    @property
    def error(self) -> str | None:
        return self.reply.error


@dataclass(frozen=True, slots=True)
class Replay:
    """A delivery is to be sent again."""

    webhook_id: str
    delivery_id: str


async def is_anybody_told(database: Database) -> bool:
    """Whether there is a webhook to tell; asked once events were fetched, so that a new one misses none of its own."""
    async with database.reading() as connection:
        return await webhooks.is_any_enabled(connection)


async def queue_deliveries(transaction: Transaction, received: Sequence[Received[Any]], now: datetime) -> None:
    """Deliveries of the events to all webhooks that want them; an event that comes again is not told again."""
    told = [_Told(new_id(), event.source, event.id, event.type, event.time, payload(event)) for event, _ in received]
    if await deliveries.queue(transaction, told, CLOCKS_APART, now):
        tell(transaction, CHANNEL)


def payload(event: Event) -> bytes:
    """The body of the request: the event's data as it is, with its type and when it happened."""
    kind, timestamp = to_json(event.type), to_json(rfc3339(event.time))
    return b'{"type":%b,"timestamp":%b,"data":%b}' % (kind, timestamp, event.data)


async def conclude(transaction: Transaction, concluded: Sequence[Concluded], now: datetime) -> None:
    """Keep what became of the attempts, and what the webhooks are to be thought of after them."""
    known = await webhooks.lock(transaction, {member.webhook_id for member in concluded})
    learnt = dict(known)
    for member in concluded:
        if member.webhook_id in learnt:  # it may be deleted by now
            learnt[member.webhook_id] = learn(learnt[member.webhook_id], member.reply, member.outcome, now)
    writes = gathered(transaction)
    webhooks.learn(writes, [webhook for webhook in learnt.values() if webhook != known[webhook.webhook_id]])
    deliveries.conclude(writes, concluded, now)


async def replay(transaction: Transaction, wanted: Replay, now: datetime) -> None:
    """Send a delivery again, under its own name, from the beginning of the schedule.

    Raises `not_found`, and `illegal_transition` where the webhook is disabled.
    """
    webhook_id, delivery_id = wanted.webhook_id, wanted.delivery_id
    known = (await webhooks.lock(transaction, [webhook_id])).get(webhook_id)
    if known is not None and not known.is_enabled:
        raise DomainError("illegal_transition", f"{webhook_id} is disabled: {known.disabled_reason}; enable it first.")
    if known is None or not await deliveries.replay(transaction, webhook_id, delivery_id, now):
        raise DomainError("not_found", f"There is no delivery {delivery_id} to a webhook {webhook_id}.")
    tell(transaction, CHANNEL)
