"""The stored shape, and the check of what is stored."""

from contextlib import suppress

from sqlalchemy import text

from services.pickup.store.verification import promises, violations
from tests.integration.pickup.service import CODE, PickupService, cancelled, press, step


async def test_all_that_the_doors_leave_behind_is_sound(service: PickupService) -> None:
    ready = await service.ready(A=2, B=1)
    collected = await service.ready(A=1)
    gone = await service.requested(A=1)
    part = await service.requested(A=3)
    async with service.staff() as staff:
        await step(staff, collected, "collect", code=CODE)
        await step(staff, gone, "cancel", reason="closed today")
        await step(staff, part, "start")
        await step(staff, part, "lines/A/short", missing=1, reason="gone")
        await press(staff, ready, "collect", code="000000")
    await service.publish(cancelled(part["order_id"], service.clock(), A=2))
    async with service.database.reading() as connection:
        assert await violations(connection) == []
        states = {row.order_id: row.state for row in await promises(connection)}
    assert states == {
        ready["order_id"]: "ready",
        collected["order_id"]: "collected",
        gone["order_id"]: "cancelled",
        part["order_id"]: "picking",
    }


class NeverMind(Exception):
    """Undoes what a test broke."""


async def test_a_pickup_that_cannot_be_is_named(service: PickupService) -> None:
    broken = {
        "it has no code": "code = NULL",
        "it wants nothing": "pickup_id = uuidv7()",
        "its instants contradict its state": "closed_at = ready_at",
        "its order has another one at its place": "location_id = 'elsewhere'",
        "its rating is not one of a collected bag": "stars = 5, rated_at = ready_at",
        "somebody came for it whom the customer had not named": "collected_by = 'Jiro Tanaka'",
        "it is not picked in the round that it names": "round_id = uuidv7()",
    }
    for fault, change in broken.items():
        pickup = await service.ready(A=1)
        with suppress(NeverMind):
            async with service.database.transaction() as transaction:
                statement = text(f"UPDATE pickups SET {change} WHERE order_id = :order_id")
                await transaction.execute(statement, {"order_id": pickup["order_id"]})
                found = await violations(transaction)
                raise NeverMind
        assert len(found) == 1, found
        assert found[0].endswith(f"is ready, but {fault}")
