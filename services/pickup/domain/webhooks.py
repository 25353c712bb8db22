"""A webhook: who is told of which events, and how it fares."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.pickup.domain.deliveries import GONE, Outcome, Reply

DEAD_AFTER = timedelta(days=3)
"""A receiver that has taken nothing for so long when a delivery is given up is told of nothing more."""
BY_ITS_OWNER = "disabled by its owner"
"""A reason to be disabled."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """`failing_since` is when the first attempt failed after which none has succeeded.

    It is told of what happens from `enabled_at` on; nothing is sent to it before `paused_until`.
    """

    webhook_id: str
    url: str
    event_types: Sequence[str]
    secret: str
    created_at: datetime
    enabled_at: datetime
    is_enabled: bool = True
    previous_secret: str | None = None
    previous_secret_until: datetime | None = None
    disabled_at: datetime | None = None
    disabled_reason: str | None = None
    failing_since: datetime | None = None
    paused_until: datetime | None = None


def signing(secret: str, previous: str | None, previous_until: datetime | None, now: datetime) -> list[str]:
    """The secrets that sign now, the newest first."""
    overlaps = previous_until is not None and now < previous_until
    return [secret, previous] if previous is not None and overlaps else [secret]


def put(webhook: Webhook, url: str, event_types: Sequence[str], is_enabled: bool, now: datetime) -> Webhook:
    """The webhook as it is wanted. One that is enabled, or led elsewhere, begins anew."""
    changed = replace(webhook, url=url, event_types=event_types)
    if not is_enabled:
        return disable(changed, BY_ITS_OWNER, now) if webhook.is_enabled else changed
    if webhook.is_enabled and webhook.url == url:
        return changed
    enabled_at = webhook.enabled_at if webhook.is_enabled else now
    enabled = replace(changed, is_enabled=True, enabled_at=enabled_at, disabled_at=None, disabled_reason=None)
    return replace(enabled, failing_since=None, paused_until=None)


def rotate(webhook: Webhook, secret: str, overlap: timedelta, now: datetime) -> Webhook:
    """A new secret; the one before signs beside it for so long."""
    previous = (webhook.secret, now + overlap) if overlap else (None, None)
    return replace(webhook, secret=secret, previous_secret=previous[0], previous_secret_until=previous[1])


def disable(webhook: Webhook, reason: str, now: datetime) -> Webhook:
    return replace(webhook, is_enabled=False, disabled_at=now, disabled_reason=reason)


def learn(webhook: Webhook, reply: Reply, outcome: Outcome, now: datetime) -> Webhook:
    """The webhook after an attempt. One that is gone, or has taken nothing for days, is a dead end, and disabled."""
    if reply.is_success:
        return replace(webhook, failing_since=None, paused_until=None)
    failing_since = webhook.failing_since or now
    failing = replace(webhook, failing_since=failing_since, paused_until=outcome.paused_until or webhook.paused_until)
    if not webhook.is_enabled or outcome.state != "failed":
        return failing
    if reply.status == GONE:
        return disable(failing, "it answered 410 Gone", now)
    if now - failing_since >= DEAD_AFTER:
        return disable(failing, f"it has taken nothing for {(now - failing_since).days} days", now)
    return failing
