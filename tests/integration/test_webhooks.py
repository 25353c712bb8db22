"""Over the whole house: a customer's order is told to whoever wants to know, from the checkout to the counter."""

from datetime import timedelta

import pytest

from services.installation import BusName
from shared.contracts import orders, pickups
from tests.conditions import eventually, eventually_async
from tests.integration.errands import SHOP, order, ready
from tests.integration.whole import Zaiko, running
from tests.receiver import receiving

WANTED = [orders.CONFIRMED.name, pickups.READY.name, pickups.COLLECTED.name, orders.COMPLETED.name]


@pytest.mark.parametrize("bus", ["postgres", pytest.param("kafka", marks=pytest.mark.kafka)])
async def test_whoever_sends_the_mails_hears_of_an_order_from_checkout_to_counter(
    bus: BusName, database_url: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZAIKO_WEBHOOK_NETWORK", "loopback")
    async with running(bus, database_url, request, monkeypatch) as zaiko, receiving(zaiko.clock) as receiver:
        shop = {"name": SHOP, "kind": "store", "latitude": 35.0, "longitude": 139.0}
        await zaiko.ask("PUT", f"/inventory/v1/locations/{SHOP}", shop | {"ships": True, "offers_pickup": True})
        await eventually_async(lambda: orders_know_the_shop(zaiko))
        webhook = {"url": receiver.url, "event_types": WANTED}
        created = await zaiko.ask("PUT", "/pickup/v1/webhooks/mails", webhook)
        receiver.secrets.append(created["secret"])
        receiver.plan(503)
        path, bag = await ready(zaiko, "miso")
        code = (await zaiko.ask("GET", bag))["code"]
        await zaiko.ask("POST", f"{bag}/collect", {"code": code})
        await zaiko.until(path, state="completed")
        zaiko.clock.advance(timedelta(minutes=1))  # for what was not taken to come again
        await eventually(lambda: {taken.payload["type"] for taken in receiver.taken} == set(WANTED))
        first = receiver.taken[0].message_id
        await eventually(lambda: len({taken.message_id for taken in receiver.taken}) < len(receiver.taken))
    order_id = path.rpartition("/")[2]
    assert {taken.payload["data"]["order_id"] for taken in receiver.taken} == {order_id}
    assert receiver.refused == 0
    assert sum(taken.message_id == first for taken in receiver.taken) == 2, "the first was not taken, and came again"


async def orders_know_the_shop(zaiko: Zaiko) -> bool:
    """Whether an order for it is taken at all; this one is then rejected."""
    answer = await zaiko.answer("POST", "/orders/v1/orders", order("miso", 1_000, pickup=True))
    return answer.status_code == 202
