"""Units that are still to come are promised with a date, never more than are expected, and served oldest first."""

import asyncio

import pytest

from services.inventory.domain.ledger import Kind, Movement
from services.inventory.usecases import backorders
from services.inventory.usecases.stock import move_stock
from shared.contracts import orders
from shared.database import Database
from shared.outbox import Outbox
from tests.integration.inventory.conftest import Inventory, Start, till_event
from tests.integration.inventory.waiting import (
    FRIDAY,
    MONDAY,
    NOW,
    answer,
    arrive,
    awaited,
    becomes,
    cancelled,
    expect,
    held,
    placed,
    told,
)


async def test_what_is_there_is_held_and_the_rest_promised_from_what_is_expected(inventory: Inventory) -> None:
    await inventory.stock("A", W1=2)
    await expect(inventory, "PO-1", "A", 2, FRIDAY)
    await expect(inventory, "PO-2", "A", 2, MONDAY)
    await inventory.publish(placed("o1", ("A", 5)))
    kind, data = await answer(inventory, "o1")
    assert (kind, data["state"], data["promised_by"]) == ("backordered", "backordered", MONDAY)
    assert held(data) == [("A", "W1", 2)]
    assert awaited(data) == [("A", "W1", 3, MONDAY)]
    level = await inventory.level("A", "W1")
    assert (level["reserved"], level["awaited"], level["available"]) == (2, 3, 0)

    await inventory.publish(placed("o2", ("A", 2)))
    kind, data = await answer(inventory, "o2")
    assert (kind, data["shortages"]) == ("rejected", [{"sku": "A", "requested": 2, "available": 0}])
    await inventory.publish(placed("o3", ("A", 1)))
    assert awaited((await answer(inventory, "o3"))[1]) == [("A", "W1", 1, MONDAY)]


async def test_an_order_that_would_not_wait_is_rejected_as_ever(inventory: Inventory) -> None:
    await inventory.stock("A", W1=1)
    await expect(inventory, "PO-1", "A", 9, FRIDAY)
    await inventory.publish(placed("o1", ("A", 2), backorder=False))
    assert (await answer(inventory, "o1"))[0] == "rejected"


async def test_goods_that_arrive_go_to_the_oldest_promise_and_never_to_a_newer_order(inventory: Inventory) -> None:
    await inventory.stock("A", W1=0)
    await expect(inventory, "PO-1", "A", 5, FRIDAY)
    for order_id in ("o1", "o2"):
        await inventory.publish(placed(order_id, ("A", 2)))
        await answer(inventory, order_id)
    await arrive(inventory, "A", 3, "PO-1")
    snatched = await asyncio.gather(
        *(inventory.reserve("A", 1, sourcing={"policy": "in_order", "candidates": ["W1"]}) for _ in range(20))
    )
    assert {refused.status_code for refused in snatched} == {409}

    kind, data = await answer(inventory, "o1", 2)
    assert (kind, data["state"], held(data)) == ("held", "held", [("A", "W1", 2)])
    kind, data = await answer(inventory, "o2", 2)
    assert (kind, held(data), awaited(data)) == ("backordered", [("A", "W1", 1)], [("A", "W1", 1, FRIDAY)])
    assert (await inventory.level("A", "W1"))["awaited"] == 1
    shown = (await inventory.operator.get("/v1/incoming/PO-1")).json()
    assert (shown["received"], shown["quantity"]) == (3, 5)

    await arrive(inventory, "A", 2, "PO-1")
    assert (await answer(inventory, "o2", 3))[0] == "held"
    await becomes(inventory, "A", on_hand=5, reserved=4, awaited=0, available=1)


async def test_an_order_that_is_cancelled_gives_its_place_to_the_next(inventory: Inventory) -> None:
    await inventory.stock("A", W1=0)
    await expect(inventory, "PO-1", "A", 1, FRIDAY)
    await expect(inventory, "PO-2", "A", 1, MONDAY)
    for order_id in ("o1", "o2"):
        await inventory.publish(placed(order_id, ("A", 1)))
        await answer(inventory, order_id)
    await inventory.publish(cancelled("o1", ("A", 1), complete=True))
    kind, data = await answer(inventory, "o1", 2)
    assert (kind, data["state"]) == ("released", "released")
    assert awaited((await answer(inventory, "o2", 2))[1]) == [("A", "W1", 1, FRIDAY)]
    assert (await inventory.level("A", "W1"))["awaited"] == 1


async def test_who_does_without_what_is_still_to_come_has_all_that_is_there(inventory: Inventory) -> None:
    await inventory.stock("A", W1=1)
    await inventory.stock("B", W1=1)
    await expect(inventory, "PO-1", "B", 3, FRIDAY)
    await inventory.publish(placed("o1", ("A", 1), ("B", 3)))
    assert awaited((await answer(inventory, "o1"))[1]) == [("B", "W1", 2, FRIDAY)]
    one_less = cancelled("o1", ("B", 1))
    await inventory.publish(one_less, one_less)
    assert awaited((await answer(inventory, "o1", 2))[1]) == [("B", "W1", 1, FRIDAY)]
    await inventory.publish(cancelled("o1", ("B", 2)))
    kinds = [await answer(inventory, "o1", number) for number in (3, 4)]
    assert [kind for kind, _ in kinds] == ["released", "held"]
    assert kinds[1][1]["state"] == "held"
    await becomes(inventory, "B", reserved=0, awaited=0, available=1)
    await becomes(inventory, "A", reserved=1)


async def test_one_place_gives_all_of_an_order_that_is_collected(inventory: Inventory) -> None:
    await inventory.stock("A", S1=1, S2=0)
    await inventory.stock("B", S1=0, S2=5)
    await expect(inventory, "PO-1", "A", 5, FRIDAY, place="S2")
    await inventory.publish(placed("o1", ("A", 1), ("B", 1), at=["S1", "S2"], policy="single_location"))
    _, data = await answer(inventory, "o1")
    assert held(data) == [("B", "S2", 1)]
    assert awaited(data) == [("A", "S2", 1, FRIDAY)]
    assert (await inventory.level("A", "S1"))["reserved"] == 0


async def test_a_hundred_orders_at_once_are_promised_what_is_expected_and_no_more(start_inventory: Start) -> None:
    """Over two processes, while the goods arrive in parts; who was first has them first."""
    async with start_inventory(backorder_interval_seconds=0.1) as here, start_inventory() as there:
        await here.stock("A", W1=0)
        await expect(here, "PO-1", "A", 40, FRIDAY)
        ids = [f"o{number:03}" for number in range(100)]
        await asyncio.gather(*(here.publish(placed(order_id, ("A", 1))) for order_id in ids))
        first = {order_id: await answer(here, order_id) for order_id in ids}
        waiting = [order_id for order_id, (kind, _) in first.items() if kind == "backordered"]
        assert len(waiting) == 40
        await asyncio.gather(*(arrive(process, "A", 10, "PO-1") for process in (here, there, here, there)))
        for order_id in waiting:
            assert (await answer(here, order_id, 2))[0] == "held"
        await becomes(here, "A", on_hand=40, reserved=40, awaited=0)
        assert await here.violations() == []


async def test_a_channel_is_promised_nothing_ahead_where_units_are_there_that_it_may_not_have(
    inventory: Inventory,
) -> None:
    await inventory.stock("A", W1=2, W2=0)
    (
        await inventory.operator.put("/v1/channels/web", json={"name": "Web", "limits": [{"buffer": 2}]})
    ).raise_for_status()
    await expect(inventory, "PO-1", "A", 5, FRIDAY, place="W1")
    await inventory.publish(placed("o1", ("A", 1)))
    assert (await answer(inventory, "o1"))[0] == "rejected"
    await expect(inventory, "PO-2", "A", 5, FRIDAY, place="W2")
    await inventory.publish(placed("o2", ("A", 1), at=["W1", "W2"]))
    assert awaited((await answer(inventory, "o2"))[1]) == [("A", "W2", 1, FRIDAY)]


async def test_a_capped_channel_is_promised_no_more_than_its_cap(inventory: Inventory) -> None:
    await inventory.stock("A", W1=1)
    limits = [{"sku": "A", "cap": 3}]
    (await inventory.operator.put("/v1/channels/web", json={"name": "Web", "limits": limits})).raise_for_status()
    await expect(inventory, "PO-1", "A", 50, FRIDAY)
    await inventory.publish(placed("o1", ("A", 4)))
    assert (await answer(inventory, "o1"))[0] == "rejected"


async def test_held_units_that_a_till_sells_are_awaited_with_the_others(inventory: Inventory) -> None:
    await inventory.stock("A", S1=1)
    await inventory.stock("B", S1=0)
    await expect(inventory, "PO-1", "B", 1, FRIDAY, place="S1")
    await inventory.publish(placed("o1", ("A", 1), ("B", 1), at=["S1"]))
    reservation_id = (await answer(inventory, "o1"))[1]["reservation_id"]
    await inventory.send(till_event("sale", "r1", "2017-11-20T09:00:00Z", ("A", 1)))
    missing = orders.OrderReallocationRequested(
        order_id="o1", reservation_id=reservation_id, sku="A", location_id="S1", quantity=1
    )
    asked = orders.REALLOCATION_REQUESTED.event(missing, event_id="missing", source="/orders", time=NOW)
    await inventory.publish(asked, asked)
    assert [(await answer(inventory, "o1", number))[0] for number in (2, 3)] == ["reallocated", "backordered"]
    _, data = await answer(inventory, "o1", 3)
    assert sorted(awaited(data)) == [("A", "S1", 1, None), ("B", "S1", 1, FRIDAY)]
    await becomes(inventory, "A", "S1", reserved=0, awaited=1)

    await expect(inventory, "PO-2", "A", 1, MONDAY, place="S1")
    assert (await answer(inventory, "o1", 4))[1]["promised_by"] == MONDAY
    await arrive(inventory, "A", 1, "PO-2", at="S1")
    await arrive(inventory, "B", 1, "PO-1", at="S1")
    kind, data = await answer(inventory, "o1", 6)
    assert (kind, sorted(held(data))) == ("held", [("A", "S1", 1), ("B", "S1", 1)])


async def test_goods_that_came_before_a_restart_are_given_to_those_who_wait(
    start_inventory: Start, inventory_url: str
) -> None:
    """The receipt is recorded by a process that serves nobody any more."""
    async with start_inventory() as running:
        await running.stock("A", W1=0)
        await expect(running, "PO-1", "A", 2, FRIDAY)
        await running.publish(placed("o1", ("A", 2)))
        await answer(running, "o1")
    database = Database(inventory_url, "inventory", pool_size=1, outbox=Outbox())
    came = Movement("/movements", "PO-1", 0, Kind.RECEIPT, "A", "W1", 2, NOW, actor="test", reference="PO-1")
    async with database.transaction() as transaction:
        await move_stock(transaction, [[came]], NOW)
    await database.close()
    async with start_inventory() as running:
        assert (await answer(running, "o1", 2))[0] == "held"
        assert await running.violations() == []


async def test_a_queue_that_is_longer_than_one_look_takes_is_served_to_its_end(
    inventory: Inventory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backorders, "SERVE_LIMIT", 2)
    monkeypatch.setattr(backorders, "QUEUE_LIMIT", 3)
    await inventory.stock("A", W1=0)
    await expect(inventory, "PO-1", "A", 9, FRIDAY)
    ids = [f"o{number}" for number in range(9)]
    for order_id in ids:
        await inventory.publish(placed(order_id, ("A", 1)))
        await answer(inventory, order_id)
    await arrive(inventory, "A", 8, "PO-1")
    for order_id in ids[:-1]:
        assert (await answer(inventory, order_id, 2))[0] == "held"
    await becomes(inventory, "A", reserved=8, awaited=1)
    assert len(await told(inventory, ids[-1])) == 1
