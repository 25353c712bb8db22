"""Webhooks from outside: subscribe, be told, be told again; what arrives is signed and comes at least once."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from shared.contracts import orders, pickups
from shared.contracts.values import rfc3339
from tests.conditions import eventually, eventually_async
from tests.integration.pickup.service import PickupService, cancelled, confirmed, press
from tests.integration.pickup.telling import READY, URL, get, put, subscribe, told
from tests.receiver import Receiver

COLLECTED = pickups.COLLECTED.name


async def test_a_receiver_is_told_of_what_it_wants_and_of_nothing_else(
    service: PickupService, receiver: Receiver
) -> None:
    await subscribe(service, receiver, READY, pickups.CANCELLED.name)
    pickup = await service.ready(A=2)
    async with service.client() as operator:
        await press(operator, pickup, "cancel", reason="closed today")
    await eventually(lambda: len(receiver.taken) == 2)
    first, second = sorted(receiver.taken, key=lambda taken: taken.payload["type"], reverse=True)
    assert first.payload["type"] == READY
    assert first.payload["timestamp"] == rfc3339(service.clock())
    assert first.payload["data"]["pickup_id"] == pickup["pickup_id"]
    assert first.payload["data"]["lines"] == [{"sku": "A", "quantity": 2}]
    assert (second.payload["type"], second.payload["data"]["reason"]) == (pickups.CANCELLED.name, "closed today")
    assert (first.headers["content-type"], first.headers["user-agent"]) == ("application/json", "Zaiko")
    assert first.message_id != second.message_id
    assert receiver.refused == 0


async def test_an_event_that_the_bus_tells_twice_is_told_once(service: PickupService, receiver: Receiver) -> None:
    await subscribe(service, receiver, orders.CONFIRMED.name, orders.CANCELLED.name)
    event = confirmed("o1", service.clock(), {"S1": {"A": 1}})
    for _ in range(3):
        await service.publish(event)
    # Of one order, so behind the other on its partition.
    await service.publish(cancelled("o1", service.clock(), complete=True, A=1))
    await eventually(lambda: any(taken.payload["type"] == orders.CANCELLED.name for taken in receiver.taken))
    items = (await get(service, "/mails/deliveries"))["items"]
    assert sorted(item["event_type"] for item in items) == [orders.CANCELLED.name, orders.CONFIRMED.name]


async def test_a_delivery_is_replayed_by_hand_under_its_own_name(service: PickupService, receiver: Receiver) -> None:
    await subscribe(service, receiver, READY)
    await service.ready(A=1)
    delivery = await told(service, state="delivered")
    path = f"/v1/webhooks/mails/deliveries/{delivery['delivery_id']}"
    async with service.client() as operator:
        answers = [await operator.post(f"{path}/replay", headers={"idempotency-key": "again"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json()["state"] == "pending"
    assert answers[1].headers["idempotency-replayed"] == "true"
    await eventually(lambda: len(receiver.taken) == 2)
    assert [taken.message_id for taken in receiver.taken] == [delivery["delivery_id"]] * 2
    shown = await get(service, f"/mails/deliveries/{delivery['delivery_id']}")
    assert shown["payload"] == receiver.taken[0].payload


async def test_both_secrets_sign_while_a_receiver_changes_over(service: PickupService, receiver: Receiver) -> None:
    await subscribe(service, receiver, READY)
    old = receiver.secrets[0]
    async with service.client() as operator:
        answer = await operator.post("/v1/webhooks/mails/rotate-secret", json={"overlap_hours": 2})
    rotated = answer.json()
    assert rotated["previous_secret_until"] == rfc3339(service.clock() + timedelta(hours=2))
    await service.ready(A=1)
    await eventually(lambda: len(receiver.taken) == 1)
    receiver.secrets = [rotated["secret"]]
    await service.ready(A=1)
    await eventually(lambda: len(receiver.taken) == 2)
    service.clock.move(hours=2)
    receiver.secrets = [old]
    await service.ready(A=1)
    await eventually(lambda: receiver.refused == 1)
    assert len(receiver.taken) == 2


async def test_the_secret_is_shown_once_and_the_subscription_can_be_changed_and_deleted(
    service: PickupService, receiver: Receiver
) -> None:
    created = await put(service)
    changed = await put(service, event_types=[COLLECTED, READY, READY])
    assert (created.status_code, changed.status_code) == (201, 200)
    assert created.json()["secret"].startswith("whsec_")
    assert "secret" not in changed.json()
    assert changed.json()["event_types"] == [COLLECTED, READY]
    assert await get(service, "/mails") == changed.json()
    await put(service, name="chat")
    first = await get(service, "?limit=1")
    rest = await get(service, f"?limit=1&cursor={first['next_cursor']}")
    assert [item["webhook_id"] for item in (*first["items"], *rest["items"])] == ["chat", "mails"]
    assert rest["next_cursor"] is None
    async with service.client() as operator:
        answers = [await operator.request(method, "/v1/webhooks/mails") for method in ("DELETE", "DELETE", "GET")]
        unknown = await operator.post("/v1/webhooks/mails/rotate-secret", json={})
    assert [answer.status_code for answer in (*answers, unknown)] == [204, 404, 404, 404]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"url": "http://mails.example.com/"}, "/url"),
        ({"url": "https://169.254.169.254/"}, "/url"),
        ({"event_types": []}, "/event_types"),
        ({"event_types": ["zaiko.till.sale.v1"]}, "/event_types/0"),
        ({"colour": "red"}, "/colour"),
    ],
)
async def test_a_subscription_that_cannot_be_is_refused_with_its_reason(
    service: PickupService, body: dict[str, Any], pointer: str
) -> None:
    answer = await put(service, **body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_only_the_operator_decides_who_is_told(service: PickupService) -> None:
    for client in (service.staff(), service.client("storefront")):
        async with client:
            answers = [
                await client.get("/v1/webhooks"),
                await client.put("/v1/webhooks/mails", json={"url": URL, "event_types": [READY]}),
                await client.delete("/v1/webhooks/mails"),
                await client.get("/v1/webhooks/mails/deliveries"),
            ]
        assert {answer.status_code for answer in answers} == {403}


async def test_what_happened_before_a_webhook_was_there_is_not_for_it(
    service: PickupService, receiver: Receiver
) -> None:
    old = confirmed("o1", datetime(2017, 1, 1, tzinfo=UTC), {"S1": {"A": 1}})
    await subscribe(service, receiver, orders.CONFIRMED.name)
    await service.publish(old)
    await service.publish(confirmed("o2", service.clock(), {"S1": {"A": 1}}))
    await eventually(lambda: bool(receiver.taken))
    await told(service, state="delivered")
    assert receiver.taken[0].payload["data"]["order_id"] == "o2"


async def test_what_nobody_wants_to_hear_is_passed_over_and_what_comes_next_is_told(
    service: PickupService, receiver: Receiver
) -> None:
    await service.publish(confirmed("o1", service.clock(), {"S1": {"A": 1}}))

    async def is_passed_over() -> bool:
        async with service.database.reading() as connection:
            rows = await connection.execute(
                text("SELECT sum(next_offset) FROM consumer_offsets WHERE consumer = :name AND topic = :topic"),
                {"name": "pickup.webhooks", "topic": orders.TOPIC},
            )
        return bool(rows.scalar_one() == 1)

    await eventually_async(is_passed_over)
    await subscribe(service, receiver, orders.CONFIRMED.name)
    await service.publish(confirmed("o2", service.clock(), {"S1": {"A": 1}}))
    await told(service, state="delivered")
    assert [taken.payload["data"]["order_id"] for taken in receiver.taken] == ["o2"]
