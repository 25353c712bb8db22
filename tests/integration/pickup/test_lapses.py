import asyncio
from datetime import timedelta

from services.pickup.domain.steps import Policy
from services.pickup.settings import Settings
from services.pickup.usecases.lapses import sweep
from shared.database import Database
from shared.outbox import Outbox
from tests.integration.pickup.service import PickupService, eventually, press

POLICY = Policy(hold=timedelta(hours=72), lock=timedelta(minutes=15))


async def test_a_bag_that_nobody_comes_for_lapses(service: PickupService) -> None:
    pickup = await service.ready(A=2)
    service.clock.move(hours=71, minutes=59)
    await sweep(service.database, service.clock, POLICY)
    assert (await service.of_order(pickup["order_id"]))["state"] == "ready"
    await service.announced(pickup["order_id"])  # what this sweep said goes by the relay, and must not be overtaken
    service.clock.move(minutes=1)

    async def has_lapsed() -> bool:
        return bool((await service.of_order(pickup["order_id"]))["state"] == "expired")

    await eventually(has_lapsed)
    told = await service.announced(pickup["order_id"])
    assert (told[-1].kind, told[-1].data.lines[0].quantity) == ("expired", 2)
    async with service.staff() as staff:
        answer = await press(staff, pickup, "collect", code=pickup["code"])
    assert (answer.status_code, answer.json()["state"]) == (409, "expired")


async def test_sweepers_at_once_expire_each_bag_once(service: PickupService, settings: Settings) -> None:
    pickups = [await service.ready(A=1) for _ in range(6)]
    service.clock.move(hours=72)
    others = [Database(settings.database_url, "pickup", pool_size=1, outbox=Outbox()) for _ in range(3)]
    await asyncio.gather(*(sweep(other, service.clock, POLICY) for other in others))

    async def have_lapsed() -> bool:
        return all([(await service.of_order(pickup["order_id"]))["state"] == "expired" for pickup in pickups])

    await eventually(have_lapsed)
    for pickup in pickups:
        kinds = [event.kind for event in await service.announced(pickup["order_id"])]
        assert kinds == ["requested", "picking", "ready", "expired"]
    for other in others:
        await other.close()


async def test_a_lapse_and_a_collection_at_once_end_the_bag_one_way(service: PickupService) -> None:
    pickup = await service.ready(A=1)
    service.clock.move(hours=72)
    async with service.staff() as staff:
        answer, _ = await asyncio.gather(
            press(staff, pickup, "collect", code=pickup["code"]), sweep(service.database, service.clock, POLICY)
        )
    told = [event.kind for event in await service.announced(pickup["order_id"])]
    assert told[-1] == ("collected" if answer.status_code == 200 else "expired")
    assert told.count("collected") + told.count("expired") == 1
