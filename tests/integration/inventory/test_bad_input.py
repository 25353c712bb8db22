"""Bad input gets a problem document that names the field, and nothing is lost or changed."""

from typing import Any

import pytest

from tests.integration.inventory.conftest import Inventory

JSON = {"content-type": "application/json"}
GOOD_MOVEMENT = {
    "id": "m",
    "kind": "receipt",
    "sku": "A",
    "location_id": "S1",
    "quantity": 1,
    "occurred_at": "2017-11-20T09:00:00Z",
}
GOOD_RESERVATION = {"reference": "r", "channel": "web", "lines": [{"sku": "A", "quantity": 1}]}


@pytest.mark.parametrize(
    ("path", "body", "status", "code", "pointer"),
    [
        ("/v1/reservations", {**GOOD_RESERVATION, "lines": "A"}, 422, "invalid_request", "/lines"),
        ("/v1/reservations", {**GOOD_RESERVATION, "lines": []}, 422, "invalid_request", "/lines"),
        (
            "/v1/reservations",
            {"channel": "web", "lines": GOOD_RESERVATION["lines"]},
            422,
            "invalid_request",
            "/reference",
        ),
        (
            "/v1/reservations",
            {**GOOD_RESERVATION, "lines": [{"sku": "A", "quantity": -1}]},
            422,
            "invalid_request",
            "/lines/0/quantity",
        ),
        (
            "/v1/reservations",
            {**GOOD_RESERVATION, "lines": [{"sku": "A", "quantity": "1"}]},
            422,
            "invalid_request",
            "/lines/0/quantity",
        ),
        (
            "/v1/reservations",
            {**GOOD_RESERVATION, "lines": [{"sku": "A b", "quantity": 1}]},
            422,
            "invalid_request",
            "/lines/0/sku",
        ),
        (
            "/v1/reservations",
            {**GOOD_RESERVATION, "lines": [{"sku": "NONE", "quantity": 1}]},
            422,
            "unknown_sku",
            "/lines/0/sku",
        ),
        (
            "/v1/reservations",
            {**GOOD_RESERVATION, "sourcing": {"candidates": ["S1", "S9"]}},
            422,
            "unknown_location",
            "/sourcing/candidates/1",
        ),
        ("/v1/reservations", {**GOOD_RESERVATION, "colour": "red"}, 422, "invalid_request", "/colour"),
        ("/v1/reservations", {**GOOD_RESERVATION, "ttl_seconds": 10**9}, 422, "invalid_request", "/ttl_seconds"),
        (
            "/v1/stock/movements",
            {"movements": [GOOD_MOVEMENT, {**GOOD_MOVEMENT, "sku": "NONE"}]},
            422,
            "unknown_sku",
            "/movements/1/sku",
        ),
        (
            "/v1/stock/movements",
            {"movements": [{**GOOD_MOVEMENT, "location_id": "S9"}]},
            422,
            "unknown_location",
            "/movements/0/location_id",
        ),
        (
            "/v1/stock/movements",
            {"movements": [{**GOOD_MOVEMENT, "occurred_at": "2017-11-20T09:00:00"}]},
            422,
            "invalid_request",
            "/movements/0/occurred_at",
        ),
        (
            "/v1/stock/movements",
            {"movements": [{**GOOD_MOVEMENT, "occurred_at": "0001-01-01T00:00:00+14:00"}]},
            422,
            "invalid_request",
            "/movements/0/occurred_at",
        ),
        ("/v1/reservations", {**GOOD_RESERVATION, "reference": "a\u0000b"}, 422, "invalid_request", "/reference"),
        (
            "/v1/stock/movements",
            {"movements": [{**GOOD_MOVEMENT, "quantity": -1}]},
            422,
            "invalid_request",
            "/movements/0",
        ),
    ],
)
async def test_a_bad_body_is_refused_by_the_name_of_its_field(
    inventory: Inventory, path: str, body: Any, status: int, code: str, pointer: str
) -> None:
    await inventory.stock("A", S1=5)
    answer = await inventory.operator.post(path, json=body)
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["status"]) == (status, code, status)
    assert answer.headers["content-type"] == "application/problem+json"
    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    level = await inventory.level("A")
    assert (level["on_hand"], level["reserved"]) == (5, 0)


@pytest.mark.parametrize(
    ("content", "status"), [(b'{"reference": "\xff\xfe"}', 422), (b"{", 422), (b"", 422), (b"null", 422), (b"[1]", 422)]
)
async def test_bytes_that_are_no_json_are_refused(inventory: Inventory, content: bytes, status: int) -> None:
    answer = await inventory.operator.post("/v1/reservations", content=content, headers=JSON)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.json()["errors"][0]["pointer"] == ""


@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_of_ten_megabytes_is_refused_before_it_is_kept(inventory: Inventory, announced: bool) -> None:
    async def parts() -> Any:
        for _ in range(10):
            yield b"x" * 1024 * 1024

    content: Any = b"x" * 10 * 1024 * 1024 if announced else parts()
    answer = await inventory.operator.post("/v1/reservations", content=content, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


@pytest.mark.parametrize(
    ("content_type", "content", "status", "code"),
    [
        ("application/cloudevents+json", b"{", 400, "malformed_event"),
        ("application/cloudevents+json", b'{"specversion":"1.0","id":"1"}', 400, "malformed_event"),
        ("application/cloudevents+json", b'\xff\xfe{"specversion":"1.0"}', 400, "malformed_event"),
        ("application/cloudevents-batch+json", b"{}", 400, "malformed_event"),
        ("text/plain", b"sold one", 415, "unsupported_media_type"),
    ],
)
async def test_bytes_that_are_no_event_are_refused(
    inventory: Inventory, content_type: str, content: bytes, status: int, code: str
) -> None:
    answer = await inventory.operator.post("/v1/events", content=content, headers={"content-type": content_type})
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("gtin", ["4901234567890", "123", "abc", "49012345678941"])
async def test_a_gtin_with_a_wrong_check_digit_is_refused(inventory: Inventory, gtin: str) -> None:
    answer = await inventory.operator.put("/v1/items/A", json={"name": "Shirt", "gtin": gtin})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/gtin")


@pytest.mark.parametrize("gtin", ["4901234567894", "02345673", "416000336108", "12345678901231"])
async def test_a_gtin_with_a_right_check_digit_is_taken(inventory: Inventory, gtin: str) -> None:
    assert (await inventory.operator.put("/v1/items/A", json={"name": "Shirt", "gtin": gtin})).status_code == 201


async def test_an_import_takes_the_good_lines_and_names_the_bad_ones(inventory: Inventory) -> None:
    csv = (
        b"sku,name,gtin,size\nA,Shirt,4901234567894,M\nB,Socks,4901234567890,\n,nameless,,\n"
        b'C,caf\xff,,\nD,one,two,three,four\nE,"Coat, long",,L\n'
    )
    answer = await inventory.operator.post("/v1/items/import", content=csv, headers={"content-type": "text/csv"})
    report = answer.json()
    assert report["accepted"] == 2
    assert [entry["line"] for entry in report["rejected"]] == [3, 4, 5, 6]
    assert "/gtin" in report["rejected"][0]["detail"]
    coat = (await inventory.operator.get("/v1/items/E")).json()
    assert (coat["name"], coat["attributes"]) == ("Coat, long", {"size": "L"})
    ndjson = b'{"sku": "F", "name": "Hat"}\n{"sku": "G"\n\n{"sku": "H", "name": 5}\n'
    kind = {"content-type": "application/x-ndjson"}
    report = (await inventory.operator.post("/v1/items/import", content=ndjson, headers=kind)).json()
    assert (report["accepted"], [entry["line"] for entry in report["rejected"]]) == (1, [2, 4])


@pytest.mark.parametrize("header", [None, "Bearer nonsense", "Basic eDp5", "Bearer"])
async def test_without_a_valid_token_nothing_is_answered(inventory: Inventory, header: str | None) -> None:
    client = inventory.operator
    client.headers.pop("authorization")
    answer = await client.get("/v1/locations", headers={"authorization": header} if header else {})
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


@pytest.mark.parametrize("path", ["/v1/nothing", "/v1/items/NONE", "/v1/locations/S9"])
async def test_what_is_not_there_is_a_problem_document(inventory: Inventory, path: str) -> None:
    answer = await inventory.operator.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("path", "pointer"),
    [
        ("/v1/stock?limit=0", "/query/limit"),
        ("/v1/stock?limit=501", "/query/limit"),
        ("/v1/stock?cursor=nonsense", "/query/cursor"),
        ("/v1/availability?sku=%00", "/query/sku/0"),
        ("/v1/locations?near=north", "/query/near"),
        ("/v1/reservations/abc", "/path/reservation_id"),
    ],
)
async def test_a_bad_parameter_is_named(inventory: Inventory, path: str, pointer: str) -> None:
    answer = await inventory.operator.get(path)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
