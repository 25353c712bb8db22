"""Promised units that travel to the store where they are collected: the promise goes with them, each event once."""

from shared.contracts import transfers
from shared.contracts.event import Event
from shared.contracts.values import SkuQuantity
from tests.conditions import eventually_async
from tests.integration.inventory.conftest import Inventory
from tests.integration.inventory.test_orders import answered
from tests.integration.inventory.test_reallocations import NOW, cancelled, promised


def moved(kind: str, order_id: str, reservation_id: str, quantity: int) -> Event:
    """Units of A leave S2 for S1, or arrive there."""
    data = transfers.TransferChanged(
        transfer_id="t1",
        pickup_id="p1",
        order_id=order_id,
        reservation_id=reservation_id,
        from_location_id="S2",
        to_location_id="S1",
        lines=[SkuQuantity(sku="A", quantity=quantity)],
    )
    event_type = transfers.SENT if kind == "sent" else transfers.RECEIVED
    return event_type.event(data, event_id=f"{kind}-{order_id}", source="/pickup", time=NOW)


async def becomes(inventory: Inventory, **levels: tuple[int, int, int]) -> None:
    """Wait until (on_hand, reserved, in_transit) of A is this at each place."""

    async def it_is() -> bool:
        rows = (await inventory.operator.get("/v1/stock/A")).json()["locations"]
        return {row["location_id"]: (row["on_hand"], row["reserved"], row["in_transit"]) for row in rows} == levels

    it_is.__qualname__ = f"A is {levels}"
    await eventually_async(it_is)


async def travels(inventory: Inventory, reservation_id: str, units: int) -> None:
    """Wait until so many promised units travel to S1."""

    async def they_do() -> bool:
        shown = (await inventory.operator.get(f"/v1/reservations/{reservation_id}")).json()
        return [line["in_transit"] for line in shown["lines"] if line["location_id"] == "S1"] == [units]

    await eventually_async(they_do)


async def test_the_promise_travels_with_its_units_and_each_event_counts_once(inventory: Inventory) -> None:
    await inventory.stock("A", S2=3)
    reservation_id = await promised(inventory, "o1", 2, "S2")
    sent, received = (moved(kind, "o1", reservation_id, 2) for kind in ("sent", "received"))
    await inventory.publish(sent, sent)
    await becomes(inventory, S1=(0, 0, 2), S2=(1, 0, 0))
    shown = (await inventory.operator.get(f"/v1/reservations/{reservation_id}")).json()
    (line,) = shown["lines"]
    assert (line["location_id"], line["open"], line["in_transit"], line["released"]) == ("S1", 0, 2, 0)
    await inventory.publish(sent, received, received)
    await becomes(inventory, S1=(2, 2, 0), S2=(1, 0, 0))
    told = [data["moved"] for kind, data in await answered(inventory, 1) if kind == "transferred"]
    assert told == [[{"sku": "A", "from_location_id": "S2", "to_location_id": "S1", "quantity": 2}]]


async def test_what_is_given_back_while_it_travels_arrives_as_free_stock(inventory: Inventory) -> None:
    await inventory.stock("A", S2=2)
    reservation_id = await promised(inventory, "o1", 2, "S2")
    await inventory.publish(moved("sent", "o1", reservation_id, 2))
    await becomes(inventory, S1=(0, 0, 2), S2=(0, 0, 0))
    await inventory.publish(cancelled("o1", reservation_id, "S1", 1))
    await travels(inventory, reservation_id, 1)
    await inventory.publish(moved("received", "o1", reservation_id, 2))
    await becomes(inventory, S1=(2, 1, 0), S2=(0, 0, 0))


async def test_what_was_not_promised_any_more_when_it_left_is_moved_in_the_books_alone(inventory: Inventory) -> None:
    await inventory.stock("A", S2=2)
    reservation_id = await promised(inventory, "o1", 2, "S2")
    await inventory.publish(cancelled("o1", reservation_id, "S2", 1))
    await becomes(inventory, S2=(2, 1, 0))
    await inventory.publish(moved("sent", "o1", reservation_id, 2), moved("received", "o1", reservation_id, 2))
    await becomes(inventory, S1=(2, 1, 0), S2=(0, 0, 0))
