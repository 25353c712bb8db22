"""Subscriptions: who is told of what, at which URL, signed with which secret."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.pickup.domain import webhooks as rules
from services.pickup.domain.signatures import SECRET_BYTES, secret_of
from services.pickup.domain.webhooks import Webhook
from services.pickup.store import webhooks
from services.pickup.usecases.deliveries import CHANNEL
from shared.database import Transaction, tell
from shared.errors import DomainError

NewSecret = Callable[[], str]


def new_secret() -> str:
    return secret_of(secrets.token_bytes(SECRET_BYTES))


@dataclass(frozen=True, slots=True)
class Subscription:
    """What is wanted of a webhook."""

    webhook_id: str
    url: str
    event_types: Sequence[str]
    is_enabled: bool


@dataclass(frozen=True, slots=True)
class Rotation:
    """A new secret is wanted; for `overlap` the old one signs as well."""

    webhook_id: str
    overlap: timedelta


async def put_webhook(
    transaction: Transaction, wanted: Subscription, new_secret: NewSecret, now: datetime
) -> tuple[Webhook, bool]:
    """The webhook as it is wanted, and whether it is new; only then its secret is to be shown."""
    url, event_types = wanted.url, sorted(set(wanted.event_types))
    fresh = Webhook(wanted.webhook_id, url, event_types, new_secret(), created_at=now, enabled_at=now)
    if not wanted.is_enabled:
        fresh = rules.disable(fresh, rules.BY_ITS_OWNER, now)
    if await webhooks.add(transaction, fresh):
        return fresh, True
    known = await _known(transaction, wanted.webhook_id)
    changed = rules.put(known, url, event_types, wanted.is_enabled, now)
    await webhooks.put(transaction, changed)
    tell(transaction, CHANNEL)  # what waited for it to be enabled
    return changed, False


async def rotate_secret(transaction: Transaction, wanted: Rotation, new_secret: NewSecret, now: datetime) -> Webhook:
    """A new secret, to be shown once. Raises `not_found`."""
    rotated = rules.rotate(await _known(transaction, wanted.webhook_id), new_secret(), wanted.overlap, now)
    await webhooks.put(transaction, rotated)
    return rotated


async def delete_webhook(transaction: Transaction, webhook_id: str) -> None:
    """Take it away, with everything that it was told or is still to be told. Raises `not_found`."""
    if not await webhooks.delete(transaction, webhook_id):
        raise _unknown(webhook_id)


async def _known(transaction: Transaction, webhook_id: str) -> Webhook:
    locked = await webhooks.lock(transaction, [webhook_id])
    if webhook_id not in locked:
        raise _unknown(webhook_id)
    return locked[webhook_id]


def _unknown(webhook_id: str) -> DomainError:
    return DomainError("not_found", f"There is no webhook {webhook_id}.")
