"""What time does to bags, in the service: late, reminded, lapsed; each once, by the store's own clock."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from services.pickup.domain.steps import Policy
from services.pickup.settings import Settings
from services.pickup.usecases.lapses import sweep
from shared.database import Database
from tests.integration.pickup.conftest import running_service
from tests.integration.pickup.service import STORE, MovingClock, PickupService, eventually, location, step

POLICY = Policy(hold=timedelta(hours=72), lock=timedelta(minutes=15), reminder=timedelta(hours=24))


async def kinds(service: PickupService, pickup: dict[str, Any]) -> list[str]:
    return [event.kind for event in await service.announced(pickup["order_id"])]


async def has_heard(service: PickupService, pickup: dict[str, Any], kind: str) -> None:
    async def is_told() -> bool:
        return kind in await kinds(service, pickup)

    await eventually(is_told)


async def open_ten_to_eight(service: PickupService, time_zone: str, **exceptions: list[Any]) -> None:
    """The store is open on all days but Sundays."""
    await service.publish(location(STORE, service.clock(), time_zone=time_zone))
    days = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
    body = {
        "opening_hours": {day: [{"opens": "10:00", "closes": "20:00"}] for day in days},
        "exceptions": exceptions,
        "picking": {"seconds_per_order": 0, "seconds_per_line": 0},
    }
    async with service.client() as operator:
        answer: httpx.Response = await operator.put(f"/v1/stores/{STORE}", json=body)
    assert answer.status_code == 201, answer.text


async def test_a_store_that_is_late_is_told_of_once(service: PickupService) -> None:
    pickup = await service.requested(A=1)
    in_time = await service.ready(A=1)
    service.clock.now = datetime.fromisoformat(pickup["due_at"])
    await has_heard(service, pickup, "late")
    (late,) = [event for event in await service.announced(pickup["order_id"]) if event.kind == "late"]
    assert (late.data.pickup_id, late.data.lines[0].quantity) == (pickup["pickup_id"], 1)
    assert (await service.of_order(pickup["order_id"]))["late_at"] == pickup["due_at"]
    service.clock.move(hours=1)
    async with service.staff() as staff:
        await step(staff, pickup, "start")
        await step(staff, pickup, "lines/A/pick", quantity=1)
        await step(staff, pickup, "ready")
    assert await kinds(service, pickup) == ["requested", "late", "picking", "ready"]
    assert "late" not in await kinds(service, in_time)


async def test_a_customer_is_reminded_a_day_before_the_bag_lapses(service: PickupService) -> None:
    pickup = await service.ready(A=1)
    in_time = await service.ready(A=1)
    async with service.staff() as staff:
        await step(staff, in_time, "collect", code=in_time["code"])
    service.clock.move(hours=48)
    await has_heard(service, pickup, "reminded")
    reminded = (await service.announced(pickup["order_id"]))[-1]
    assert reminded.data.held_until == service.clock() + timedelta(hours=24)
    service.clock.move(hours=24)
    await has_heard(service, pickup, "expired")
    assert await kinds(service, pickup) == ["requested", "picking", "ready", "reminded", "expired"]
    assert await kinds(service, in_time) == ["requested", "picking", "ready", "collected"]


async def test_a_bag_is_held_until_the_store_closes_on_the_short_day(service: PickupService) -> None:
    """Berlin, the weekend on which the clocks go forward: 72 hours after Friday 12:00 it is Monday 13:00 there."""
    service.clock.now = datetime(2026, 3, 27, 11, tzinfo=UTC)
    await open_ten_to_eight(service, "Europe/Berlin")
    pickup = await service.ready(A=1)
    assert pickup["held_until"] == "2026-03-30T18:00:00Z"
    # A day before that is a Sunday: the reminder is for when the store opens on Monday.
    service.clock.now = datetime(2026, 3, 30, 7, 59, tzinfo=UTC)
    await sweep(service.database, service.clock, POLICY)
    assert "reminded" not in await kinds(service, pickup)
    service.clock.move(minutes=1)
    await has_heard(service, pickup, "reminded")
    service.clock.now = datetime(2026, 3, 30, 18, tzinfo=UTC)
    await has_heard(service, pickup, "expired")


async def test_a_holiday_is_no_day_to_lapse_on(service: PickupService) -> None:
    service.clock.now = datetime(2026, 12, 29, 3, tzinfo=UTC)
    await open_ten_to_eight(service, "Asia/Tokyo", **{"2027-01-01": [], "2027-01-02": []})
    pickup = await service.ready(A=1)
    assert pickup["held_until"] == "2027-01-04T11:00:00Z"


async def test_what_became_due_while_nobody_ran_is_told_once_by_all_that_start(
    settings: Settings, database: Database, clock: MovingClock
) -> None:
    async with running_service(settings, database, clock) as before:
        late = [await before.requested(A=1) for _ in range(5)]
        waiting = [await before.ready(A=1) for _ in range(5)]
    clock.move(hours=50)
    async with (
        running_service(settings, database, clock) as first,
        running_service(settings, database, clock),
        running_service(settings, database, clock),
    ):
        await asyncio.gather(
            *(has_heard(first, pickup, "late") for pickup in late),
            *(has_heard(first, pickup, "reminded") for pickup in waiting),
        )
        clock.move(hours=1)
        await sweep(database, clock, POLICY)
        for pickup in (*late, *waiting):
            told = await kinds(first, pickup)
            assert told.count("late") + told.count("reminded") == 1, told
