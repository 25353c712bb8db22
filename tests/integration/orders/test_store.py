"""The schema, and the projection of locations."""

from datetime import timedelta

from sqlalchemy import text

from services.orders.domain.places import Place
from services.orders.store.locations import Networks
from services.orders.store.verification import Promise, promises
from tests.integration.orders.service import OrdersService, location, pickup_body, reservation_of, ship_body


async def test_the_newest_change_of_a_location_wins_however_late_older_ones_come(orders: OrdersService) -> None:
    now = orders.clock()
    old = location("S3", at=now, ships=True)
    new = location("S3", at=now + timedelta(seconds=1), ships=False, offers_pickup=False)
    await orders.applied(new, old, new)
    await orders.applied(old)
    async with orders.database.transaction() as transaction:
        rows = (await transaction.execute(text("SELECT ships FROM locations WHERE location_id = 'S3'"))).scalars().all()
        network = await Networks().current(transaction)
    assert rows == [False]
    assert "S3" not in network.ship_to(None, "in_order", 50).candidates


async def test_a_location_without_coordinates_is_kept_without_a_point(orders: OrdersService) -> None:
    await orders.applied(location("S4"))
    async with orders.database.transaction() as transaction:
        network = await Networks().current(transaction)
    assert network.pickup_at("S4").candidates == ["S4"]
    assert Place("S4", False, None, True, True).vector is None


async def test_verification_names_an_order_that_does_not_add_up(orders: OrdersService) -> None:
    order_id = await orders.confirmed(ship_body(), ("A", "W1", 1))
    async with orders.database.transaction() as transaction:
        await transaction.execute(text("UPDATE orders SET state = 'completed'"))
        await transaction.execute(text("UPDATE allocations SET handed_over = 1"))
    found = await orders.violations()
    assert f"order {order_id}: is completed, but its timeline ends with confirmed" in found
    assert f"order {order_id}: is completed, but its lines say confirmed" in found
    assert any("allocations say 1, 0, 1" in fault for fault in found)
    async with orders.database.transaction() as transaction:
        await transaction.execute(text("UPDATE orders SET state = 'confirmed'"))
        await transaction.execute(text("UPDATE allocations SET handed_over = 0"))


async def test_verification_names_an_order_whose_name_is_not_its_own(orders: OrdersService) -> None:
    order_id = await orders.placed(ship_body(external_id="W-1"))
    async with orders.database.transaction() as transaction:
        await transaction.execute(text("UPDATE order_names SET order_id = uuidv7()"))
    assert await orders.violations() == [f"order {order_id}: web's name W-1 is not its own"]
    async with orders.database.transaction() as transaction:
        await transaction.execute(text(f"UPDATE order_names SET order_id = '{order_id}'"))
    assert await orders.violations() == []


async def test_verification_lists_what_orders_hold_of_inventory(orders: OrdersService) -> None:
    pending = await orders.placed(ship_body())
    confirmed = await orders.confirmed(pickup_body(), ("A", "S1", 1))
    async with orders.database.reading() as connection:
        assert await promises(connection) == [
            Promise(pending, "pending", None, "ship", None),
            Promise(confirmed, "confirmed", reservation_of(confirmed), "pickup", "1 of A at S1"),
        ]
