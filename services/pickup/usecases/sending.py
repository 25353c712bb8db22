"""The sender of webhooks: takes what is due, sends it, keeps what became of it.

At least once: a delivery is claimed for longer than an attempt takes, and whoever dies with it leaves it to be claimed
again. No transaction is open while a receiver is waited for.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import structlog

from services.pickup.domain.deliveries import judge
from services.pickup.domain.signatures import signatures
from services.pickup.domain.webhooks import signing
from services.pickup.store import deliveries
from services.pickup.store.receivers import Receivers
from services.pickup.usecases.deliveries import CHANNEL, PRUNE_LIMIT, Concluded, conclude
from shared.batching import Batcher
from shared.clock import Clock
from shared.database import Database, is_transient
from shared.telemetry import WEBHOOK_ATTEMPTS

SENDING_LIMIT = 64
"""So many deliveries of one process are under way at once."""
RECEIVER_LIMIT = 8
"""And so many of them to one receiver: a slow one leaves room for the others."""
POLL_S = 1.0
"""Pause between two looks for what is due, when nothing new wakes us."""
RETRY_S = 0.5
CLAIM_MARGIN = timedelta(seconds=30)
"""A claim outlasts the time that a receiver has by so much; then another may take the delivery."""

log = structlog.get_logger(__name__)


class Sender:
    """One process's share of the sending; any number of them may run. `chance` spreads the retries."""

    def __init__(
        self,
        database: Database,
        receivers: Receivers,
        clock: Clock,
        timeout_s: float,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._database = database
        self._receivers = receivers
        self._clock = clock
        self._claimed_for = timedelta(seconds=timeout_s) + CLAIM_MARGIN
        self._chance = chance
        self._sending: Counter[str] = Counter()
        self._wake = asyncio.Event()
        self._concluding: Batcher[Concluded, None] = Batcher("webhook attempts", self._conclude)
        database.on(CHANNEL, self._on_queued)

    def _on_queued(self, _: str) -> None:
        self._wake.set()

    async def run(self) -> None:
        """Send until cancelled; what is under way then is claimed by another later."""
        async with asyncio.TaskGroup() as attempts:
            while True:
                self._wake.clear()
                for due in await self._claim():
                    self._sending[due.webhook_id] += 1
                    attempts.create_task(self._attempt(due))
                # Not wait_for: in Python 3.11 it loses a cancellation that comes together with the event.
                with suppress(TimeoutError):
                    async with asyncio.timeout(POLL_S):
                        await self._wake.wait()

    async def _claim(self) -> list[Any]:
        free = SENDING_LIMIT - self._sending.total()
        if free <= 0:
            return []
        now = self._clock()
        try:
            async with self._database.single_statement() as connection:
                return await deliveries.claim(
                    connection,
                    limit=free,
                    receiver_limit=RECEIVER_LIMIT,
                    under_way=dict(+self._sending),
                    now=now,
                    again_at=now + self._claimed_for,
                )
        except Exception as error:
            if not is_transient(error):
                raise
            log.warning("webhooks.waiting", error=str(error))
            await asyncio.sleep(RETRY_S)
            return []

    async def _attempt(self, due: Any) -> None:
        try:
            now = self._clock()
            reply = await self._receivers.post(due.url, _headers(due, now), due.body, now)
            outcome = judge(due.attempts, reply, self._clock(), self._chance())
            WEBHOOK_ATTEMPTS.labels(outcome.state).inc()
            await self._concluding.submit(Concluded(due.webhook_id, due.delivery_id, due.attempts, reply, outcome))
        except Exception as error:
            if not is_transient(error):
                raise
            log.warning("webhooks.not_concluded", delivery_id=due.delivery_id, error=str(error))  # the claim runs out
        finally:
            self._sending[due.webhook_id] -= 1
            self._wake.set()

    async def _conclude(self, concluded: Sequence[Concluded]) -> list[None]:
        async with self._database.transaction() as transaction:
            await conclude(transaction, concluded, self._clock())
        return [None] * len(concluded)


def _headers(due: Any, now: datetime) -> dict[str, str]:
    timestamp = int(now.timestamp())
    secrets = signing(due.secret, due.previous_secret, due.previous_secret_until, now)
    return {
        "content-type": "application/json",
        "user-agent": "Zaiko",
        "webhook-id": due.delivery_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signatures(secrets, due.delivery_id, timestamp, due.body),
    }


async def forget_old(database: Database, clock: Clock, retention: timedelta) -> None:
    """Forget deliveries that ended longer ago than `retention`, a bounded number in each transaction."""
    forgotten = PRUNE_LIMIT
    while forgotten == PRUNE_LIMIT:
        async with database.transaction() as transaction:
            forgotten = await deliveries.prune(transaction, clock() - retention, PRUNE_LIMIT)
