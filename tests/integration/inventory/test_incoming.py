"""What is expected is told, moved, used up by what comes, and shown to those who would wait for it."""

from datetime import timedelta
from typing import Any

from shared.contracts.values import rfc3339
from tests.integration.inventory.conftest import Inventory, till_event
from tests.integration.inventory.waiting import (
    FRIDAY,
    MONDAY,
    answer,
    arrive,
    awaited,
    expect,
    placed,
)


async def test_a_receipt_of_something_else_serves_as_well_and_leaves_the_rest_expected(inventory: Inventory) -> None:
    await inventory.stock("A", W1=0)
    await expect(inventory, "PO-1", "A", 2, FRIDAY)
    await inventory.publish(placed("o1", ("A", 2)))
    await answer(inventory, "o1")
    await inventory.send(till_event("receipt", "d1", "2017-11-20T09:00:00Z", ("A", 9)))
    await arrive(inventory, "A", 2)
    assert (await answer(inventory, "o1", 2))[0] == "held"
    assert (await inventory.operator.get("/v1/incoming/PO-1")).json()["received"] == 0


async def test_a_till_that_receives_what_was_expected_uses_it_up(inventory: Inventory) -> None:
    await inventory.stock("A", S1=0)
    await expect(inventory, "PO-1", "A", 2, FRIDAY, place="S1")
    event = till_event("receipt", "d1", "2017-11-20T09:00:00Z", ("A", 1))
    event["data"]["reference"] = "PO-1"
    for _ in range(2):
        (await inventory.send(event)).raise_for_status()
    assert (await inventory.operator.get("/v1/incoming/PO-1")).json()["received"] == 1


async def test_a_date_that_moves_moves_the_promises_and_says_so(inventory: Inventory) -> None:
    await inventory.stock("A", W1=0)
    await expect(inventory, "PO-1", "A", 1, FRIDAY)
    await inventory.publish(placed("o1", ("A", 1)))
    await answer(inventory, "o1")
    assert (await expect(inventory, "PO-1", "A", 1, FRIDAY, available_from=MONDAY)).status_code == 200
    kind, data = await answer(inventory, "o1", 2)
    assert (kind, awaited(data), data["promised_by"]) == ("backordered", [("A", "W1", 1, MONDAY)], MONDAY)

    assert (await inventory.operator.delete("/v1/incoming/PO-1")).status_code == 204
    _, data = await answer(inventory, "o1", 3)
    assert awaited(data) == [("A", "W1", 1, None)]
    assert "promised_by" not in data

    await expect(inventory, "PO-2", "A", 1, FRIDAY)
    assert awaited((await answer(inventory, "o1", 4))[1]) == [("A", "W1", 1, FRIDAY)]


async def test_a_unit_that_a_till_takes_puts_those_who_wait_behind(inventory: Inventory) -> None:
    """The next delivery makes good what was sold below nothing, before it serves anybody."""
    await inventory.stock("A", S1=0)
    await expect(inventory, "PO-1", "A", 1, FRIDAY, place="S1")
    await expect(inventory, "PO-2", "A", 5, MONDAY, place="S1")
    await inventory.publish(placed("o1", ("A", 1), at=["S1"]))
    assert awaited((await answer(inventory, "o1"))[1]) == [("A", "S1", 1, FRIDAY)]
    await inventory.send(till_event("sale", "r1", "2017-11-20T09:00:00Z", ("A", 1)))
    assert awaited((await answer(inventory, "o1", 2))[1]) == [("A", "S1", 1, MONDAY)]


async def test_nothing_is_promised_from_a_delivery_that_is_overdue(inventory: Inventory) -> None:
    await inventory.stock("A", W1=0)
    await expect(inventory, "PO-1", "A", 5, rfc3339(inventory.clock() + timedelta(hours=1)))
    inventory.clock.advance(timedelta(hours=2))
    await inventory.publish(placed("o1", ("A", 1)))
    assert (await answer(inventory, "o1"))[0] == "rejected"


async def test_what_is_expected_is_shown_as_it_was_said(inventory: Inventory) -> None:
    await inventory.stock("A", W1=0, W2=0)
    created = await expect(inventory, "PO-1", "A", 3, FRIDAY)
    assert (created.status_code, created.json()["received"]) == (201, 0)
    await expect(inventory, "PO-2", "A", 3, MONDAY, place="W2")
    elsewhere = await expect(inventory, "PO-1", "A", 3, FRIDAY, place="W2")
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (409, "conflict")
    unknown = await expect(inventory, "PO-3", "Z", 3, FRIDAY)
    assert unknown.json()["code"] == "unknown_sku"
    listed = (await inventory.operator.get("/v1/incoming", params={"sku": "A", "location_id": "W2"})).json()["items"]
    assert [found["incoming_id"] for found in listed] == ["PO-2"]
    page = (await inventory.operator.get("/v1/incoming", params={"limit": 1})).json()
    rest = (await inventory.operator.get("/v1/incoming", params={"cursor": page["next_cursor"]})).json()["items"]
    assert [found["incoming_id"] for found in rest] == ["PO-2"]
    assert (await inventory.operator.delete("/v1/incoming/PO-9")).status_code == 404
    async with inventory.client("storefront") as storefront:
        assert (await storefront.delete("/v1/incoming/PO-1")).status_code == 403


async def test_availability_tells_what_is_still_to_come_and_to_whom_it_is_not_promised_yet(
    inventory: Inventory,
) -> None:
    await inventory.stock("A", W1=0, W2=0)
    await inventory.stock("B", W1=1)
    await expect(inventory, "PO-1", "A", 3, MONDAY, place="W1")
    await expect(inventory, "PO-2", "A", 2, FRIDAY, place="W2")
    await inventory.publish(placed("o1", ("A", 1)))
    await answer(inventory, "o1")

    async def incoming(**query: Any) -> list[Any]:
        page = await inventory.operator.get("/v1/availability", params={"sku": ["A", "B"], **query})
        return [
            [(at["location_id"], at["quantity"], at["available_at"]) for at in item["incoming"]]
            if "incoming" in item
            else None
            for item in page.json()["items"]
        ]

    assert await incoming() == [[("W2", 2, FRIDAY), ("W1", 2, MONDAY)], None]
    assert await incoming(location_id="W1") == [[("W1", 2, MONDAY)], None]
    promise = (await answer(inventory, "o1"))[1]["reservation_id"]
    shown = (await inventory.operator.get(f"/v1/reservations/{promise}")).json()
    assert (shown["state"], awaited(shown)) == ("backordered", [("A", "W1", 1, MONDAY)])
    refused = await inventory.operator.post(f"/v1/reservations/{promise}/confirm")
    assert refused.json()["code"] == "illegal_transition"
