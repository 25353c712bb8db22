"""At the counter: where the bag stands, who may come for it, the code as a picture, and how it was in the end."""

import asyncio
from typing import Any

import segno

from services.pickup.store.verification import violations
from shared.contracts import orders
from shared.contracts.orders import Collector, OrderConfirmed, PickupFulfilment
from shared.contracts.values import Allocation
from shared.identifiers import new_id
from tests.integration.pickup.service import CODE, STORE, PickupService, press, step

HANAKO = {"name": "Hanako Sato"}


async def ready_for(service: PickupService, collector: str) -> dict[str, Any]:
    """A ready bag of one A that somebody else may collect."""
    order_id = new_id()
    named = PickupFulfilment(method="pickup", location_id=STORE, collector=Collector(name=collector))
    allocations = [Allocation(sku="A", location_id=STORE, quantity=1)]
    order = OrderConfirmed(
        order_id=order_id, channel="web", reservation_id=new_id(), fulfilment=named, allocations=allocations
    )
    await service.publish(orders.CONFIRMED.event(order, event_id=new_id(), source="/orders", time=service.clock()))
    pickup = await service.of_order(order_id)
    async with service.staff() as staff:
        await step(staff, pickup, "start")
        await step(staff, pickup, "lines/A/pick", quantity=1)
        return await step(staff, pickup, "ready", bag_location="shelf B4")


async def test_a_bag_stands_where_staff_last_put_it(service: PickupService) -> None:
    pickup = await ready_for(service, "Hanako Sato")
    assert pickup["bag_location"] == "shelf B4"
    path = f"/v1/pickups/{pickup['pickup_id']}/bag-location"
    async with service.staff() as staff, service.staff("S2") as stranger, service.client("storefront") as shop:
        assert (await staff.put(path, json={"bag_location": "fridge"})).json()["bag_location"] == "fridge"
        assert (await staff.put(path, json={"bag_location": ""})).status_code == 422
        assert {(await client.put(path, json={"bag_location": "x"})).status_code for client in (stranger, shop)} == {
            403
        }
        collected = await step(staff, pickup, "collect", code=CODE)
        assert collected["bag_location"] == "fridge"
        assert (await staff.put(path, json={"bag_location": "x"})).json()["code"] == "illegal_transition"


async def test_only_whom_the_customer_has_named_collects_instead(service: PickupService) -> None:
    pickup = await ready_for(service, "Hanako Sato")
    assert pickup["collector"] == HANAKO
    async with service.staff() as staff:
        stranger = await press(staff, pickup, "collect", code=CODE, collected_by={"name": "Jiro Tanaka"})
        assert (stranger.status_code, stranger.json()["code"]) == (403, "wrong_collector")
        collected = await step(staff, pickup, "collect", code=CODE, collected_by={"name": "hanako sato"})
    assert (collected["state"], collected["collected_by"]) == ("collected", HANAKO)
    told = (await service.announced(pickup["order_id"]))[-1]
    assert (told.kind, told.data.collected_by) == ("collected", "Hanako Sato")


async def test_the_code_is_a_picture_for_whoever_may_see_the_code(service: PickupService) -> None:
    pickup = await service.ready(A=1)
    waiting = await service.requested(A=1)
    path = f"/v1/pickups/{pickup['pickup_id']}/code.svg"
    async with service.client("storefront") as shop, service.client() as operator, service.staff() as staff:
        pictures = [await client.get(path) for client in (shop, operator)]
        hidden = await staff.get(path)
        none_yet = await shop.get(f"/v1/pickups/{waiting['pickup_id']}/code.svg")
    expected = segno.make_qr(f"{pickup['pickup_id']}/{CODE}", error="m")
    for picture in pictures:
        assert picture.headers["content-type"].startswith("image/svg+xml")
        assert picture.headers["cache-control"] == "no-store"
        assert picture.text == expected.svg_inline(scale=6)
    assert (hidden.status_code, hidden.json()["code"]) == (403, "forbidden")
    assert (none_yet.status_code, none_yet.json()["code"]) == (404, "not_found")


async def test_the_work_list_without_what_has_ended(service: PickupService) -> None:
    bags = [await service.requested(A=1) for _ in range(3)]
    async with service.staff() as staff:
        await step(staff, bags[0], "cancel", reason="closed")
        await step(staff, bags[1], "start")
        listed = (await staff.get("/v1/pickups", params={"open": "true"})).json()["items"]
        cancelled = (await staff.get("/v1/pickups", params={"open": "true", "state": "cancelled"})).json()["items"]
    assert [(item["pickup_id"], item["state"]) for item in listed] == [
        (bags[1]["pickup_id"], "picking"),
        (bags[2]["pickup_id"], "requested"),
    ]
    assert cancelled == []


async def test_a_customer_rates_a_collected_bag_once_whoever_asks_at_the_same_moment(service: PickupService) -> None:
    pickup = await service.ready(A=1)
    async with service.client("storefront") as shop, service.staff() as staff:
        early = await press(shop, pickup, "rating", stars=5)
        assert (early.status_code, early.json()["code"]) == (409, "illegal_transition")
        await step(staff, pickup, "collect", code=CODE)
        assert (await press(staff, pickup, "rating", stars=5)).status_code == 403
        assert (await press(shop, pickup, "rating", stars=6)).json()["errors"][0]["pointer"] == "/stars"
        answers = await asyncio.gather(*(press(shop, pickup, "rating", stars=stars) for stars in (1, 2, 3, 4, 5) * 4))
    kept = {answer.json()["stars"] for answer in answers if answer.status_code == 200}
    assert len(kept) == 1
    assert [answer.status_code for answer in answers].count(200) == 4
    assert {answer.json()["code"] for answer in answers if answer.status_code != 200} == {"already_rated"}
    ratings = [told.data for told in await service.announced(pickup["order_id"]) if told.kind == "rated"]
    assert [(rating.stars, rating.location_id) for rating in ratings] == [(kept.pop(), STORE)]


async def test_a_store_is_known_by_the_average_of_its_ratings(service: PickupService) -> None:
    stars = [5, 4, 4, 1]
    async with service.client("storefront") as shop, service.staff() as staff, service.staff("S2") as stranger:
        for given in stars:
            pickup = await service.ready(A=1)
            await step(staff, pickup, "collect", code=CODE)
            await step(shop, pickup, "rating", stars=given, words=f"{given} of 5")
            service.clock.move(minutes=1)
        first = (await shop.get("/v1/ratings", params={"location_id": STORE, "limit": 3})).json()
        cursor = {"cursor": first["next_cursor"], "limit": 3}
        rest = (await staff.get("/v1/ratings", params=cursor)).json()
        elsewhere = (await stranger.get("/v1/ratings")).json()
        refused = await stranger.get("/v1/ratings", params={"location_id": STORE})
        malformed = await shop.get("/v1/ratings", params={"cursor": "nonsense"})
    assert [item["stars"] for item in first["items"] + rest["items"]] == stars[::-1]
    assert first["items"][0]["words"] == "1 of 5"
    assert {(page["count"], page["average"]) for page in (first, rest)} == {(4, 3.5)}
    assert (rest["next_cursor"], elsewhere) == (None, {"items": [], "next_cursor": None, "count": 0, "average": None})
    assert (refused.status_code, malformed.status_code) == (403, 422)
    async with service.database.reading() as connection:
        assert await violations(connection) == []
