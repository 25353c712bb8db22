"""What time does to bags: a store is late with one, a customer is reminded of one, nobody came for one.

What is due is asked of the rows, so a restart loses nothing; a row that is locked is skipped, so each thing happens
once, however many processes look.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from services.pickup.domain.deadlines import fall_late, remind
from services.pickup.domain.pickups import Decision, Pickup
from services.pickup.domain.steps import Expire, Policy, take
from services.pickup.store import pickups
from services.pickup.usecases.announcements import events
from shared.clock import Clock
from shared.database import Database, Transaction
from shared.outbox import announce

BATCH_LIMIT = 200
"""So many bags are dealt with in one transaction."""


async def sweep(database: Database, clock: Clock, policy: Policy) -> None:
    """Deal with all that is due, a bounded batch in each transaction; any number of processes may do it at once."""
    # The lapsed first: of what has lapsed nobody is reminded.
    for look in (expire_lapsed, remind_customers, find_late):
        dealt_with = BATCH_LIMIT
        while dealt_with == BATCH_LIMIT:
            async with database.transaction() as transaction:
                dealt_with = await look(transaction, clock(), policy)


async def expire_lapsed(transaction: Transaction, now: datetime, policy: Policy) -> int:
    """Expire at most `BATCH_LIMIT` ready pickups past their time; answers how many."""
    return await _decide(transaction, now, pickups.lock_lapsed, lambda pickup: take(pickup, Expire(), now, policy))


async def remind_customers(transaction: Transaction, now: datetime, _: Policy) -> int:
    """Say of at most `BATCH_LIMIT` ready pickups that they will not be held for much longer; answers how many."""
    return await _decide(transaction, now, pickups.lock_to_remind, lambda pickup: remind(pickup, now))


async def find_late(transaction: Transaction, now: datetime, _: Policy) -> int:
    """Say of at most `BATCH_LIMIT` pickups that they are not ready when they should be; answers how many."""
    return await _decide(transaction, now, pickups.lock_late, lambda pickup: fall_late(pickup, now))


async def _decide(
    transaction: Transaction,
    now: datetime,
    lock: Callable[[Transaction, datetime, int], Awaitable[Sequence[Pickup]]],
    decide: Callable[[Pickup], Decision],
) -> int:
    due = await lock(transaction, now, BATCH_LIMIT)
    decisions = [decide(pickup) for pickup in due]
    await pickups.write(transaction, [decision.pickup for decision in decisions])
    announce(transaction, events(decisions, now))
    return len(due)
