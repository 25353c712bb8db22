"""Bags that nobody came for."""

from datetime import datetime

from services.pickup.domain.steps import Expire, Policy, take
from services.pickup.store import pickups
from services.pickup.usecases.announcements import events
from shared.clock import Clock
from shared.database import Database, Transaction
from shared.outbox import announce

BATCH_LIMIT = 200


async def sweep(database: Database, clock: Clock, policy: Policy) -> None:
    """Expire all that have lapsed, a bounded batch in each transaction; any number of processes may do it at once."""
    while True:
        async with database.transaction() as transaction:
            expired = await expire_lapsed(transaction, clock(), policy)
        if expired < BATCH_LIMIT:
            return


async def expire_lapsed(transaction: Transaction, now: datetime, policy: Policy) -> int:
    """Expire at most `BATCH_LIMIT` ready pickups past their time; answers how many."""
    lapsed = await pickups.lock_lapsed(transaction, now, BATCH_LIMIT)
    decisions = [take(pickup, Expire(), now, policy) for pickup in lapsed]
    await pickups.write(transaction, [decision.pickup for decision in decisions])
    announce(transaction, events(decisions, now))
    return len(lapsed)
