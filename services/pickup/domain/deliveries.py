"""What becomes of a delivery after an attempt: delivered, tried again later, or given up."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

DeliveryState = Literal["pending", "delivered", "failed"]

DELAYS = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""Between two attempts: the schedule of Standard Webhooks, three days and more."""
ATTEMPTS_LIMIT = len(DELAYS) + 1
JITTER = 0.2
"""A delay is longer by up to this part of it, so that what failed together does not come back together."""
RETRY_AFTER_LIMIT = timedelta(hours=24)
"""No receiver puts a delivery off for longer than this."""

GONE = 410
OVERLOADED = frozenset({429, 502, 503, 504})
"""Answers that ask for less: nothing is sent to that receiver before the delivery is tried again."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a receiver answered: an HTTP status, or in words why there is none."""

    status: int | None
    error: str | None = None
    retry_after: timedelta | None = None

    @property
    def is_success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Outcome:
    """`next_attempt_at` is of a pending one; `paused_until` is until when the receiver is left alone."""

    state: DeliveryState
    next_attempt_at: datetime | None = None
    paused_until: datetime | None = None


def judge(attempts: int, reply: Reply, now: datetime, chance: float) -> Outcome:
    """What follows from the reply to the last of so many attempts; `chance`, from 0 to 1, spreads the retries."""
    if reply.is_success:
        return Outcome("delivered")
    if reply.status == GONE or attempts >= ATTEMPTS_LIMIT:
        return Outcome("failed")
    at = now + DELAYS[attempts - 1] * (1 + JITTER * chance)
    if reply.retry_after is not None:
        at = max(at, now + min(reply.retry_after, RETRY_AFTER_LIMIT))
    return Outcome("pending", at, at if reply.status in OVERLOADED else None)
