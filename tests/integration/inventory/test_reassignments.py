"""A place that will not give what is promised from it is believed, whatever its books say; decided under the lock."""

from typing import Any

from shared.contracts import reassignments, reservations
from shared.contracts.event import Event
from shared.contracts.values import SkuQuantity
from tests.conditions import eventually_async
from tests.integration.inventory.conftest import Inventory
from tests.integration.inventory.test_orders import answered
from tests.integration.inventory.test_reallocations import NOW, cancelled, lines, promised


def refused(order_id: str, reservation_id: str, quantity: int, *candidates: str, together: bool = False) -> Event:
    """S1 will not give units of A."""
    data = reassignments.OrderReassignmentRequested(
        order_id=order_id,
        reservation_id=reservation_id,
        location_id="S1",
        lines=[SkuQuantity(sku="A", quantity=quantity)],
        sourcing=reservations.Sourcing(policy="in_order", candidates=list(candidates)),
        together=together,
        reason="damaged",
    )
    return reassignments.REQUESTED.event(data, event_id=f"r-{order_id}", source="/orders", time=NOW)


async def told(inventory: Inventory, count: int) -> list[dict[str, Any]]:
    """What became of the units, once so many answers are there."""
    found: list[dict[str, Any]] = []

    async def so_many() -> bool:
        found[:] = [data for kind, data in await answered(inventory, 1) if kind == "reassigned"]
        return len(found) >= count

    await eventually_async(so_many)
    assert len(found) == count
    return found


async def available(inventory: Inventory) -> dict[str, tuple[int, int]]:
    """(reserved, available) by place."""
    levels = (await inventory.operator.get("/v1/stock/A")).json()["locations"]
    return {level["location_id"]: (level["reserved"], level["available"]) for level in levels}


async def test_refused_units_move_though_the_shelf_has_them_and_each_request_counts_once(inventory: Inventory) -> None:
    await inventory.stock("A", S1=3, S2=1, S3=5)
    reservation_id = await promised(inventory, "o1", 3, "S1")
    event = refused("o1", reservation_id, 2, "S1", "S2", "S3")
    await inventory.publish(event, event)
    await inventory.publish(event)
    (answer,) = await told(inventory, 1)
    moved = [(units["to_location_id"], units["quantity"]) for units in answer["moved"]]
    assert (moved, answer["short"], answer["kept"]) == ([("S2", 1), ("S3", 1)], [], [])
    assert await lines(inventory, reservation_id) == [("S1", 1, 1), ("S2", 1, 1), ("S3", 1, 1)]
    assert await available(inventory) == {"S1": (1, 2), "S2": (1, 0), "S3": (1, 4)}


async def test_a_bag_that_no_place_has_as_a_whole_stays_promised_until_its_order_gives_it_up(
    inventory: Inventory,
) -> None:
    await inventory.stock("A", S1=2, S2=1, S3=1)
    reservation_id = await promised(inventory, "o1", 2, "S1")
    await inventory.publish(refused("o1", reservation_id, 2, "S2", "S3", together=True))
    (answer,) = await told(inventory, 1)
    assert (answer["moved"], answer["short"]) == ([], [{"sku": "A", "quantity": 2}])
    assert await lines(inventory, reservation_id) == [("S1", 2, 2)]
    await inventory.publish(cancelled("o1", reservation_id, "S1", 2))

    async def all_is_free() -> bool:
        return await available(inventory) == {"S1": (0, 2), "S2": (0, 1), "S3": (0, 1)}

    await eventually_async(all_is_free)


async def test_what_is_not_promised_there_any_more_is_kept(inventory: Inventory) -> None:
    await inventory.stock("A", S1=2, S2=5)
    reservation_id = await promised(inventory, "o1", 2, "S1")
    await inventory.publish(cancelled("o1", reservation_id, "S1", 1), refused("o1", reservation_id, 2, "S2"))
    (answer,) = await told(inventory, 1)
    assert [units["quantity"] for units in answer["moved"]] == [1]
    assert answer["kept"] == [{"sku": "A", "quantity": 1}]
