import asyncio

from shared.identifiers import new_id
from tests.integration.pickup.service import CODE, STORE, WRONG, PickupService, press, step


async def test_a_pickup_goes_from_the_order_to_the_customer(service: PickupService) -> None:
    pickup = await service.requested(A=2, B=1)
    assert (pickup["state"], pickup["due_at"]) == ("requested", "2017-11-20T11:00:00Z")
    async with service.staff() as staff:
        assert (await step(staff, pickup, "start"))["state"] == "picking"
        await step(staff, pickup, "lines/A/pick", quantity=2)
        await step(staff, pickup, "lines/B/pick", quantity=1)
        ready = await step(staff, pickup, "ready")
        assert (ready["state"], ready["held_until"]) == ("ready", "2017-11-23T09:00:00Z")
        collected = await step(staff, pickup, "collect", code=CODE)
    assert (collected["state"], collected["closed_at"]) == ("collected", "2017-11-20T09:00:00Z")

    told = await service.announced(pickup["order_id"])
    assert [event.kind for event in told] == ["requested", "picking", "ready", "collected"]
    assert all(event.data.reservation_id == pickup["reservation_id"] for event in told)
    assert [(line.sku, line.quantity) for line in told[-1].data.lines] == [("A", 2), ("B", 1)]


async def test_a_short_line_is_announced_and_the_rest_is_handed_over(service: PickupService) -> None:
    pickup = await service.requested(A=3)
    async with service.staff() as staff:
        await step(staff, pickup, "start")
        await step(staff, pickup, "lines/A/short", missing=1, reason="not on the shelf")
        await step(staff, pickup, "lines/A/pick", quantity=2)
        await step(staff, pickup, "ready")
        await step(staff, pickup, "collect", code=CODE)
    _, _, short, _, collected = await service.announced(pickup["order_id"])
    assert (short.kind, short.data.reason, short.data.lines[0].quantity) == ("line_short", "not on the shelf", 1)
    assert [(line.sku, line.quantity) for line in collected.data.lines] == [("A", 2)]


async def test_a_pickup_without_any_unit_on_the_shelf_is_cancelled(service: PickupService) -> None:
    pickup = await service.requested(A=1)
    async with service.staff() as staff:
        await step(staff, pickup, "start")
        after = await step(staff, pickup, "lines/A/short", missing=1, reason="gone")
    assert (after["state"], after["reason"]) == ("cancelled", "gone")
    told = await service.announced(pickup["order_id"])
    assert [event.kind for event in told] == ["requested", "picking", "line_short", "cancelled"]
    assert told[-1].data.lines == []


async def test_two_staff_who_press_the_same_buttons_at_once_do_it_once(service: PickupService) -> None:
    pickup = await service.requested(A=1)
    async with service.staff() as one, service.staff() as other:
        for name, body in (
            ("start", {}),
            ("lines/A/pick", {"quantity": 1}),
            ("ready", {}),
            ("collect", {"code": CODE}),
        ):
            answers = await asyncio.gather(press(one, pickup, name, **body), press(other, pickup, name, **body))
            expected = [200, 422] if name == "lines/A/pick" else [200, 200]
            assert sorted(answer.status_code for answer in answers) == expected
    told = [event.kind for event in await service.announced(pickup["order_id"])]
    assert told == ["requested", "picking", "ready", "collected"]


async def test_a_collection_and_a_cancellation_at_once_end_the_pickup_one_way(service: PickupService) -> None:
    pickups = [await service.ready(A=1) for _ in range(5)]
    async with service.staff() as staff, service.client("storefront") as shop:
        for pickup in pickups:
            answers = await asyncio.gather(
                press(staff, pickup, "collect", code=CODE), press(shop, pickup, "cancel", reason="too late")
            )
            assert sorted(answer.status_code for answer in answers) == [200, 409]
            ends = {event.kind for event in await service.announced(pickup["order_id"])} & {"collected", "cancelled"}
            assert len(ends) == 1


async def test_a_retry_with_the_same_idempotency_key_picks_once(service: PickupService) -> None:
    pickup = await service.requested(A=2)
    async with service.staff() as staff:
        await step(staff, pickup, "start")
        staff.headers["Idempotency-Key"] = new_id()
        first = await press(staff, pickup, "lines/A/pick", quantity=1)
        again = await press(staff, pickup, "lines/A/pick", quantity=1)
        other = await press(staff, pickup, "lines/A/pick", quantity=2)
    assert (first.json(), again.headers["Idempotency-Replayed"]) == (again.json(), "true")
    assert (await service.of_order(pickup["order_id"]))["lines"][0]["picked"] == 1
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_an_illegal_step_is_a_conflict_that_names_the_state(service: PickupService) -> None:
    pickup = await service.requested(A=1)
    async with service.staff() as staff:
        problem = (await press(staff, pickup, "ready")).json()
    assert (problem["status"], problem["code"], problem["state"]) == (409, "illegal_transition", "requested")


async def test_ready_with_units_neither_picked_nor_short_names_them(service: PickupService) -> None:
    pickup = await service.requested(A=2)
    async with service.staff() as staff:
        await step(staff, pickup, "start")
        answer = await press(staff, pickup, "ready")
    assert answer.status_code == 409
    assert answer.json()["unpicked"] == [{"sku": "A", "quantity": 2}]


async def test_five_wrong_codes_lock_the_pickup_for_the_right_one_too(service: PickupService) -> None:
    pickup = await service.ready(A=1)
    async with service.staff() as staff:
        for left in (4, 3, 2, 1, 0):
            problem = (await press(staff, pickup, "collect", code=WRONG)).json()
            assert (problem["status"], problem["code"], problem["tries_left"]) == (403, "wrong_code", left)
        locked = await press(staff, pickup, "collect", code=CODE)
        assert (locked.status_code, locked.json()["code"]) == (423, "locked")
        assert locked.json()["locked_until"] == "2017-11-20T09:15:00Z"
        service.clock.move(minutes=15)
        assert (await step(staff, pickup, "collect", code=CODE))["state"] == "collected"


async def test_wrong_codes_that_come_at_once_all_count(service: PickupService) -> None:
    pickup = await service.ready(A=1)
    async with service.staff() as staff:
        answers = await asyncio.gather(*(press(staff, pickup, "collect", code=WRONG) for _ in range(8)))
    codes = sorted(answer.json()["code"] for answer in answers)
    assert codes == ["locked"] * 3 + ["wrong_code"] * 5


async def test_a_storefront_cancels_and_the_units_are_named_for_release(service: PickupService) -> None:
    pickup = await service.ready(A=2)
    async with service.client("storefront") as shop:
        assert (await step(shop, pickup, "cancel", reason="wrong size"))["state"] == "cancelled"
        assert (await step(shop, pickup, "cancel", reason="pressed twice"))["reason"] == "wrong size"
    told = await service.announced(pickup["order_id"])
    assert [event.kind for event in told].count("cancelled") == 1
    assert (told[-1].data.location_id, told[-1].data.lines[0].quantity) == (STORE, 2)
