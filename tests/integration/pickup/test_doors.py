"""Who may do and see what, and what is said to bad requests."""

from typing import Any

import httpx

from shared.identifiers import new_id
from tests.integration.pickup.service import CODE, SECRET, PickupService, confirmed, press, step


def pointers(answer: httpx.Response) -> list[str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return [fault["pointer"] for fault in answer.json()["errors"]]


async def test_the_code_is_shown_to_storefront_and_operator_and_never_to_staff(service: PickupService) -> None:
    waiting = await service.requested(B=1)
    assert waiting["code"] is None
    pickup = await service.ready(A=1)
    path = f"/v1/pickups/{pickup['pickup_id']}"
    async with service.client("storefront") as shop, service.client() as operator, service.staff() as staff:
        assert (await shop.get(path)).json()["code"] == CODE
        assert (await operator.get(path)).json()["code"] == CODE
        assert (await step(operator, pickup, "ready"))["code"] == CODE
        seen = [await staff.get(path), await staff.get("/v1/pickups"), await press(staff, pickup, "ready")]
    assert all(answer.status_code == 200 and CODE not in answer.text for answer in seen)


async def test_another_stores_token_sees_and_does_nothing(service: PickupService) -> None:
    pickup = await service.ready(A=1)
    async with service.staff("S2") as stranger:
        answers = [
            await stranger.get(f"/v1/pickups/{pickup['pickup_id']}"),
            await stranger.get("/v1/pickups", params={"location_id": "S1"}),
            await press(stranger, pickup, "start"),
            await press(stranger, pickup, "collect", code=CODE),
            await press(stranger, pickup, "cancel", reason="mine"),
        ]
        listed = await stranger.get("/v1/pickups", params={"order_id": pickup["order_id"]})
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(403, "forbidden")}
    assert listed.json()["items"] == []
    assert (await service.of_order(pickup["order_id"]))["state"] == "ready"


async def test_a_storefront_does_not_work_in_the_store(service: PickupService) -> None:
    pickup = await service.requested(A=1)
    work: dict[str, dict[str, Any]] = {
        "start": {},
        "lines/A/pick": {"quantity": 1},
        "lines/A/short": {"missing": 1, "reason": "gone"},
        "ready": {},
        "collect": {"code": CODE},
    }
    async with service.client("storefront") as shop:
        answers = [await press(shop, pickup, name, **body) for name, body in work.items()]
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(403, "forbidden")}


async def test_a_till_has_no_business_here(service: PickupService) -> None:
    async with service.client("till", "S1") as till:
        assert (await till.get("/v1/pickups")).status_code == 403


async def test_without_a_token_it_is_401(service: PickupService) -> None:
    async with service.client() as client:
        del client.headers["Authorization"]
        answer = await client.get("/v1/pickups")
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


BAD_BODIES: list[tuple[str, dict[str, Any], str]] = [
    ("lines/A/pick", {"quantity": 0}, "/quantity"),
    ("lines/A/pick", {"quantity": "1"}, "/quantity"),
    ("lines/A/pick", {"quantity": 1, "reason": "x"}, "/reason"),
    ("lines/A/pick", {"quantity": 2}, "/quantity"),
    ("lines/A/short", {"missing": 1}, "/reason"),
    ("lines/A/short", {"missing": 2, "reason": "gone"}, "/missing"),
    ("lines/A/short", {"missing": 1, "reason": "\0"}, "/reason"),
    ("lines/A!/pick", {"quantity": 1}, "/path/sku"),
    ("collect", {"code": "12"}, "/code"),
    ("cancel", {"reason": ""}, "/reason"),
]


async def test_a_bad_body_is_refused_with_a_pointer(service: PickupService) -> None:
    pickup = await service.requested(A=1)
    async with service.staff() as staff:
        await step(staff, pickup, "start")
        for name, body, pointer in BAD_BODIES:
            answer = await press(staff, pickup, name, **body)
            assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request"), (name, body)
            assert pointers(answer) == [pointer], (name, body)


BAD_QUERIES = [
    ({"state": "lost"}, "/query/state"),
    ({"limit": "0"}, "/query/limit"),
    ({"cursor": "nonsense"}, "/query/cursor"),
    ({"cursor": "WyJub3ciLCAiMSJd"}, "/query/cursor"),
    ({"order_id": "\0"}, "/query/order_id"),
]


async def test_a_bad_query_is_refused_with_a_pointer(service: PickupService) -> None:
    async with service.client() as operator:
        for query, pointer in BAD_QUERIES:
            answer = await operator.get("/v1/pickups", params=query)
            assert answer.status_code == 422, query
            assert pointers(answer) == [pointer], query


async def test_what_does_not_exist_is_not_found(service: PickupService) -> None:
    pickup = await service.requested(A=1)
    async with service.client() as operator:
        await step(operator, pickup, "start")
        answers = [
            await operator.get(f"/v1/pickups/{new_id()}"),
            await operator.post(f"/v1/pickups/{new_id()}/start"),
            await press(operator, pickup, "lines/B/pick", quantity=1),
        ]
        no_identifier = await operator.get("/v1/pickups/1")
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(404, "not_found")}
    assert no_identifier.status_code == 422


async def test_the_work_list_comes_oldest_due_first_in_pages(service: PickupService) -> None:
    expected = []
    for _ in range(5):
        order_id = new_id()
        await service.publish(confirmed(order_id, service.clock(), {"S1": {"A": 1}, "S2": {"A": 1}}))
        expected.append(order_id)
        service.clock.move(minutes=1)
    async with service.staff() as staff:
        found: list[str] = []
        cursor: dict[str, str] = {}
        while len(found) < len(expected):
            answer = (await staff.get("/v1/pickups", params={"limit": 2, "state": "requested", **cursor})).json()
            found += [item["order_id"] for item in answer["items"]]
            cursor = {"cursor": answer["next_cursor"]}
        assert found == expected
        assert answer["next_cursor"] is None
        assert (await staff.get("/v1/pickups", params={"state": "ready"})).json()["items"] == []
    async with service.client("storefront") as shop:
        assert len((await shop.get("/v1/pickups")).json()["items"]) == 10
        assert len((await shop.get("/v1/pickups", params={"location_id": "S2"})).json()["items"]) == 5


async def test_every_operation_is_documented_with_its_problems(service: PickupService) -> None:
    paths = service.app.openapi()["paths"]
    for path, operations in paths.items():
        for operation in operations.values():
            assert operation["summary"], path
            assert operation["description"], path
            assert not path.startswith("/v1") or "401" in operation["responses"], path


async def test_no_secret_is_in_an_answer(service: PickupService) -> None:
    async with service.client() as operator:
        answers = [await operator.get(path) for path in ("/openapi.json", "/metrics", "/health/ready")]
    assert all(answer.status_code == 200 and SECRET not in answer.text for answer in answers)
