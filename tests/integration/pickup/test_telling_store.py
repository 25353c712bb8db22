"""What webhooks are told, as it is stored: soundness, what is forgotten, and who tells what is no longer asked for."""

from contextlib import suppress
from datetime import timedelta

from sqlalchemy import text

from services.pickup.domain.deliveries import Outcome, Reply
from services.pickup.store.telling_verification import violations
from services.pickup.usecases.deliveries import Concluded, conclude
from services.pickup.usecases.sending import forget_old
from services.pickup.usecases.webhooks import Subscription, new_secret, put_webhook
from shared.contracts import orders
from shared.database import Database
from shared.identifiers import new_id
from shared.statements import send_gathered
from tests.conditions import eventually_async
from tests.integration.pickup.service import MovingClock, PickupService, confirmed

URL = "https://localhost:9/told"
"""Nobody listens on port 9."""


async def subscribed(service: PickupService, name: str = "mails") -> None:
    """A webhook, and one delivery to it that was tried once."""
    async with service.database.transaction() as transaction:
        wanted = Subscription(name, URL, [orders.CONFIRMED.name], True)
        await put_webhook(transaction, wanted, new_secret, service.clock())
    await service.publish(confirmed(new_id(), service.clock(), {"S1": {"A": 1}}))

    async def was_tried() -> bool:
        async with service.database.reading() as connection:
            found = await connection.execute(
                text("SELECT count(*) FROM webhook_deliveries WHERE webhook_id = :name AND last_error IS NOT NULL"),
                {"name": name},
            )
        return bool(found.scalar_one() == 1)

    await eventually_async(was_tried)


async def end_all(service: PickupService) -> None:
    async with service.database.transaction() as transaction:
        await transaction.execute(
            text("UPDATE webhook_deliveries SET state = 'failed', next_attempt_at = NULL, closed_at = :now"),
            {"now": service.clock()},
        )


async def left(database: Database) -> int:
    async with database.reading() as connection:
        return int((await connection.execute(text("SELECT count(*) FROM webhook_deliveries"))).scalar_one())


async def test_what_ended_is_forgotten_after_its_time_and_what_waits_is_not(service: PickupService) -> None:
    await subscribed(service, "mails")
    await end_all(service)
    await subscribed(service, "chat")
    month = timedelta(days=30)
    service.clock.now += month
    await forget_old(service.database, service.clock, month)
    before = await left(service.database)
    service.clock.move(seconds=1)
    await forget_old(service.database, service.clock, month)
    assert (before, await left(service.database)) == (3, 2), "one of mails ended, one of each came later"


async def test_an_attempt_that_is_no_longer_the_last_one_concludes_nothing(
    service: PickupService, clock: MovingClock
) -> None:
    await subscribed(service)
    async with service.database.transaction() as transaction:
        (row,) = (await transaction.execute(text("SELECT * FROM webhook_deliveries"))).all()
        await transaction.execute(text("UPDATE webhook_deliveries SET attempts = 2"))
        stale = Concluded(row.webhook_id, str(row.delivery_id), 1, Reply(200), Outcome("delivered"))
        await conclude(transaction, [stale], clock())
        await send_gathered(transaction)
        (after,) = (await transaction.execute(text("SELECT * FROM webhook_deliveries"))).all()
    assert (after.state, after.attempts) == ("pending", 2)


async def test_an_attempt_for_a_webhook_that_is_deleted_meanwhile_concludes_nothing(
    service: PickupService, clock: MovingClock
) -> None:
    gone = Concluded("gone", new_id(), 1, Reply(410), Outcome("failed"))
    async with service.database.transaction() as transaction:
        await conclude(transaction, [gone], clock())
    assert await left(service.database) == 0


class NeverMind(Exception):
    """Undoes what a test broke."""


async def test_what_cannot_be_is_named(service: PickupService) -> None:
    await service.ready(A=1)
    await subscribed(service)
    async with service.database.reading() as connection:
        assert await violations(connection) == []
    ended = "next_attempt_at = NULL, closed_at = created_at"
    broken = {
        "it was found late before it was due": "pickups SET late_at = requested_at WHERE code IS NOT NULL",
        "it is not reminded of while it is held": "pickups SET remind_at = held_until WHERE code IS NOT NULL",
        "it was reminded of before its time": "pickups SET reminded_at = ready_at WHERE code IS NOT NULL",
        "it is to be reminded of, but was never ready": "pickups SET remind_at = due_at WHERE code IS NULL",
        "there is no such webhook": "webhook_deliveries SET webhook_id = 'gone'",
        "its instants contradict its state": "webhook_deliveries SET next_attempt_at = NULL",
        "nobody has taken it": f"webhook_deliveries SET state = 'delivered', {ended}",
        "webhook mails contradicts itself": "webhooks SET is_enabled = false",
    }
    for fault, change in broken.items():
        with suppress(NeverMind):
            async with service.database.transaction() as transaction:
                await transaction.execute(text(f"UPDATE {change}"))
                found = await violations(transaction)
                raise NeverMind
        assert len(found) == 1, (fault, found)
        assert found[0].endswith(fault)
