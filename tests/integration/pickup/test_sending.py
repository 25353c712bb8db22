"""The sending of webhooks: tried again, paused, given up, shared by processes, and at least once whatever ends."""

from datetime import datetime, timedelta

from services.pickup.settings import Settings
from shared.bus.base import Message
from shared.contracts import orders
from shared.contracts.event import to_headers
from shared.contracts.values import rfc3339
from shared.database import Database
from tests.conditions import eventually, eventually_async
from tests.integration.pickup.conftest import running_service
from tests.integration.pickup.service import MovingClock, PickupService, confirmed
from tests.integration.pickup.telling import READY, get, put, subscribe, told
from tests.receiver import Receiver, receiving


async def test_what_is_not_taken_comes_again_under_the_same_name_with_a_fresh_signature(
    service: PickupService, receiver: Receiver
) -> None:
    await subscribe(service, receiver, READY)
    receiver.plan(500, 302)
    await service.ready(A=1)
    for attempts, status in ((1, 500), (2, 302)):
        delivery = await told(service, attempts=attempts, last_status=status)
        due = datetime.fromisoformat(delivery["next_attempt_at"])
        assert service.clock() < due < service.clock() + timedelta(minutes=6)
        service.clock.now = due
    delivery = await told(service, state="delivered", last_status=204)
    assert len(receiver.taken) == 3
    assert {taken.message_id for taken in receiver.taken} == {delivery["delivery_id"]}
    assert len({taken.headers["webhook-timestamp"] for taken in receiver.taken}) == 3
    assert len({str(taken.payload) for taken in receiver.taken}) == 1
    assert (await get(service, "/mails"))["failing_since"] is None


async def test_a_receiver_that_asks_for_less_is_left_alone_for_as_long(
    service: PickupService, receiver: Receiver
) -> None:
    await subscribe(service, receiver, READY)
    receiver.plan(429, retry_after="900")
    await service.ready(A=1)
    await told(service, attempts=1, last_status=429)
    paused_until = datetime.fromisoformat((await get(service, "/mails"))["paused_until"])
    assert paused_until == service.clock() + timedelta(minutes=15)
    await service.ready(A=1)
    service.clock.move(minutes=14)

    async def both_wait() -> bool:
        items = (await get(service, "/mails/deliveries"))["items"]
        return len(items) == 2 and all(item["state"] == "pending" for item in items)

    await eventually_async(both_wait)
    assert len(receiver.taken) == 1
    service.clock.now = paused_until
    await eventually(lambda: len(receiver.taken) == 3)


async def test_a_receiver_that_is_gone_is_disabled_and_told_on_when_it_is_enabled(
    service: PickupService, receiver: Receiver
) -> None:
    await subscribe(service, receiver, READY)
    receiver.plan(410)
    await service.ready(A=1)
    delivery = await told(service, state="failed", last_status=410)
    webhook = await get(service, "/mails")
    assert (webhook["enabled"], webhook["disabled_reason"]) == (False, "it answered 410 Gone")
    async with service.client() as operator:
        refused = await operator.post(f"/v1/webhooks/mails/deliveries/{delivery['delivery_id']}/replay")
    assert (refused.status_code, refused.json()["code"]) == (409, "illegal_transition")
    assert (await put(service, url=receiver.url)).status_code == 200
    async with service.client() as operator:
        await operator.post(f"/v1/webhooks/mails/deliveries/{delivery['delivery_id']}/replay")
    await told(service, state="delivered", attempts=1)


async def test_a_receiver_that_takes_nothing_for_three_days_is_a_dead_end(
    service: PickupService, receiver: Receiver
) -> None:
    await subscribe(service, receiver, READY)
    receiver.plan(*[500] * 10)
    await service.ready(A=1)
    began_at = service.clock()
    for attempts in range(1, 10):
        delivery = await told(service, attempts=attempts, last_status=500, state="pending")
        service.clock.now = datetime.fromisoformat(delivery["next_attempt_at"])
    await told(service, attempts=10, state="failed", next_attempt_at=None)
    webhook = await get(service, "/mails")
    assert (webhook["enabled"], webhook["failing_since"]) == (False, rfc3339(began_at))
    assert webhook["disabled_reason"] == "it has taken nothing for 3 days"
    await service.ready(A=1)
    assert len((await get(service, "/mails/deliveries"))["items"]) == 1


async def test_a_slow_receiver_holds_up_no_other_and_is_sent_so_many_at_once(
    service: PickupService, receiver: Receiver, clock: MovingClock
) -> None:
    await subscribe(service, receiver, orders.CONFIRMED.name, name="slow")
    receiver.open.clear()
    async with receiving(clock) as quick:
        await subscribe(service, quick, orders.CONFIRMED.name, name="quick")
        number = 40
        await service.publish(*(confirmed(f"o{each}", clock(), {"S1": {"A": 1}}) for each in range(number)))
        await eventually(lambda: len(quick.taken) == number)
        assert receiver.taken == []
        receiver.open.set()
        await eventually(lambda: len(receiver.taken) == number)
    assert receiver.at_once <= 8
    for told_to in (receiver, quick):
        assert len({taken.message_id for taken in told_to.taken}) == number


async def test_processes_that_share_the_sending_tell_everything(
    service: PickupService, settings: Settings, database: Database, receiver: Receiver, clock: MovingClock
) -> None:
    await subscribe(service, receiver, orders.CONFIRMED.name)
    events = [confirmed(f"o{each}", clock(), {"S1": {"A": 1}}) for each in range(60)]
    async with running_service(settings, database, clock), running_service(settings, database, clock):
        await service.bus.publish([Message(orders.TOPIC, told.key, to_headers(told), told.data) for told in events])
        await eventually(lambda: len({taken.message_id for taken in receiver.taken}) == len(events))
    assert sorted(taken.payload["data"]["order_id"] for taken in receiver.taken) == sorted(told.key for told in events)


async def test_what_is_under_way_when_a_process_ends_is_sent_by_the_next(
    settings: Settings, database: Database, receiver: Receiver, clock: MovingClock
) -> None:
    receiver.open.clear()
    async with running_service(settings, database, clock) as ended:
        await subscribe(ended, receiver, READY)
        await ended.ready(A=1)
        await eventually(lambda: receiver.at_once == 1)
    clock.move(minutes=1)
    receiver.open.set()
    async with running_service(settings, database, clock) as next_one:
        delivery = await told(next_one, state="delivered")
    assert delivery["attempts"] == 2
    assert {taken.message_id for taken in receiver.taken} == {delivery["delivery_id"]}
