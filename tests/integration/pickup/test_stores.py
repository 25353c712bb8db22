"""What a store says about itself, and the times that follow from it: the same before buying and after."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from services.pickup.store.stores import calendars
from shared.contracts.values import rfc3339
from shared.identifiers import new_id
from tests.integration.pickup import test_options
from tests.integration.pickup.service import STORE, PickupService, confirmed, eventually, location
from tests.integration.pickup.test_options import GINZA, ask, receive, tell_location

inventory = test_options.inventory
settings = test_options.settings
PATH = f"/v1/stores/{STORE}"
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
OVERLAPPING = [{"opens": "10:00", "closes": "13:00"}, {"opens": "12:00", "closes": "14:00"}]
# The tests' clock stands at 18:00 on Monday, 20 November 2017, in Tokyo.
PROFILE: Mapping[str, Any] = {
    "opening_hours": {day: [{"opens": "10:00", "closes": "19:00"}] for day in WEEKDAYS},
    "exceptions": {"2017-11-21": [], "2017-11-22": [{"opens": "11:00", "closes": "24:00"}]},
    "pickers": 1,
    "picking": {"seconds_per_order": 600, "seconds_per_line": 300},
    "slot_capacity": 1,
}


async def put(service: PickupService, **changes: Any) -> httpx.Response:
    async with service.client() as operator:
        return await operator.put(PATH, json={**PROFILE, **changes})


async def test_a_profile_is_kept_as_it_was_put(service: PickupService) -> None:
    await service.publish(location(STORE, service.clock(), time_zone="Asia/Tokyo"))
    assert [(await put(service)).status_code, (await put(service, pickers=3)).status_code] == [201, 200]
    async with service.staff() as staff:
        shown = (await staff.get(PATH)).json()
    exceptions = {"2017-11-21": [], "2017-11-22": [{"opens": "11:00", "closes": "00:00"}]}
    changes = {"pickers": 3, "exceptions": exceptions, "location_id": STORE, "time_zone": "Asia/Tokyo"}
    assert shown == {**PROFILE, **changes}
    assert (await put(service, **{name: shown[name] for name in PROFILE})).json() == shown
    async with service.staff("S2") as elsewhere, service.client("storefront") as shop:
        assert (await elsewhere.get(PATH)).status_code == 403
        assert (await shop.put(PATH, json=dict(PROFILE))).status_code == 403
        assert (await shop.get("/v1/stores/S2")).json()["code"] == "not_found"


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"opening_hours": {}}, ""),
        ({"opening_hours": {"monday": [{"opens": "10:00:30", "closes": "12:00"}]}}, "/opening_hours/monday/0/opens"),
        (
            {
                "opening_hours": {
                    "monday": [{"opens": "10:00", "closes": "13:00"}, {"opens": "12:00", "closes": "14:00"}]
                }
            },
            "/opening_hours/monday",
        ),
        ({"exceptions": {"tomorrow": []}}, "/exceptions/tomorrow"),
        ({"pickers": 0}, "/pickers"),
        ({"picking": {"seconds_per_order": -1, "seconds_per_line": 1}}, "/picking/seconds_per_order"),
    ],
)
async def test_a_profile_that_cannot_be_names_its_fault(
    service: PickupService, changes: dict[str, Any], pointer: str
) -> None:
    answer = await put(service, **changes)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].removesuffix("/[key]") == pointer


async def test_a_store_without_a_profile_is_always_open(service: PickupService) -> None:
    await put(service)
    async with service.database.reading() as connection:
        found = await calendars(connection, [STORE, "S2"])
    assert found[STORE].next_opening(service.clock()) == service.clock().replace(hour=10, minute=0)
    assert found["S2"].next_opening(service.clock()) == service.clock()


async def test_the_time_shown_before_buying_is_the_time_the_bag_is_due(
    inventory: httpx.AsyncClient, service: PickupService
) -> None:
    """Three bags of a half hour each, ordered at six: two until seven, closed on Tuesday, one on Wednesday."""
    await tell_location(inventory, STORE, **GINZA, time_zone="Asia/Tokyo")
    await receive(inventory, STORE, "2017-11-19T00:00:00Z", A=99, B=99)
    await put(service, picking={"seconds_per_order": 1_200, "seconds_per_line": 300})

    async def is_known() -> bool:
        return bool((await ask(service)).json()["items"])

    await eventually(is_known)
    shown, due = [], []
    for _ in range(3):
        (option,) = (await ask(service)).json()["items"]
        shown.append(option["ready_by"])
        order_id = new_id()
        await service.publish(confirmed(order_id, service.clock(), {STORE: {"A": 2, "B": 1}}))
        due.append((await service.of_order(order_id))["due_at"])
    assert shown == due == ["2017-11-20T09:30:00Z", "2017-11-20T10:00:00Z", "2017-11-22T02:30:00Z"]


async def test_slots_begin_where_the_bag_can_be_ready_and_skip_the_days_that_are_closed(
    inventory: httpx.AsyncClient, service: PickupService
) -> None:
    await tell_location(inventory, STORE, **GINZA, time_zone="Asia/Tokyo")
    await put(service)

    async def is_known() -> bool:
        return bool((await ask(service)).json()["items"])

    await eventually(is_known)
    (option,) = (await ask(service)).json()["items"]
    assert option["ready_by"] == "2017-11-20T09:20:00Z"
    assert [slot["starts_at"] for slot in option["slots"][:3]] == [
        "2017-11-20T09:30:00Z",
        "2017-11-22T02:00:00Z",
        "2017-11-22T02:30:00Z",
    ]
    assert option["slots"][0]["ends_at"] == "2017-11-20T10:00:00Z"


async def test_a_bag_with_a_slot_is_due_when_it_begins(service: PickupService) -> None:
    await service.publish(location(STORE, service.clock(), time_zone="Asia/Tokyo"))
    await put(service)
    starts_at = service.clock().replace(day=22, hour=5)
    order_id = new_id()
    await service.publish(confirmed(order_id, service.clock(), {STORE: {"A": 1}}, slot=starts_at))
    assert (await service.of_order(order_id))["due_at"] == rfc3339(starts_at)
