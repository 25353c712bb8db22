"""One walk through the aisles for several bags, by scanner; pickup asks a real inventory what a code is."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from services.inventory import migrations
from services.inventory.app import create_app
from services.inventory.settings import SCHEMA
from services.inventory.settings import Settings as InventorySettings
from services.pickup.settings import Settings
from services.pickup.store.verification import violations
from shared.database import Database
from shared.http.auth import issue
from shared.identifiers import new_id
from shared.migration import migrate
from tests.integration.pickup.service import SECRET, STORE, MovingClock, PickupService, confirmed, press, step
from tests.serving import serving

ROUNDS = "/v1/pick-rounds"
GTINS = {"A": "4901234567894", "B": "036000291452", "C": "40170725"}


@pytest.fixture
async def inventory_url(pickup_url: str, clock: MovingClock) -> AsyncIterator[str]:
    """Inventory, served over HTTP, with an item for each GTIN."""
    database = Database(pickup_url, SCHEMA, pool_size=1)
    await migrate(database, migrations)
    await database.close()
    app = create_app(InventorySettings(database_url=pickup_url, token_secret=SECRET), clock=clock)
    headers = {"Authorization": f"Bearer {issue(SECRET, 'operator', None, clock())}"}
    async with serving(app) as url, httpx.AsyncClient(base_url=url, headers=headers, trust_env=False) as operator:
        for sku, gtin in GTINS.items():
            (await operator.put(f"/v1/items/{sku}", json={"name": sku, "gtin": gtin})).raise_for_status()
        yield url


@pytest.fixture
def settings(settings: Settings, request: pytest.FixtureRequest) -> Settings:
    """Where the test has an inventory, pickup knows where it is."""
    if "inventory_url" not in request.fixturenames:
        return settings
    return settings.model_copy(update={"inventory_url": request.getfixturevalue("inventory_url")})


async def bags(service: PickupService, *wishes: dict[str, int]) -> list[dict[str, Any]]:
    """A pickup for each wish, a minute after the other."""
    made = []
    for wish in wishes:
        made.append(await service.requested(**wish))
        service.clock.move(minutes=1)
    return made


async def take(staff: httpx.AsyncClient, begun: dict[str, Any], name: str, **body: Any) -> dict[str, Any]:
    """A step of the round that must not be refused; answers the round after it."""
    answer = await staff.post(f"{ROUNDS}/{begun['round_id']}/{name}", json=body or None)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_three_bags_are_picked_in_one_walk_by_scanner(inventory_url: str, service: PickupService) -> None:
    first, second, third = await bags(service, {"A": 1, "B": 1}, {"A": 2}, {"B": 1, "C": 1})
    async with service.staff() as staff:
        begun = (await staff.post(ROUNDS, json={"location_id": STORE})).json()
        assert [(bag["number"], bag["pickup_id"], bag["state"]) for bag in begun["bags"]] == [
            (number, bag["pickup_id"], "picking") for number, bag in enumerate((first, second, third), start=1)
        ]
        assert [(line["sku"], line["wanted"], line["picked"]) for line in begun["lines"]] == [
            ("A", 3, 0),
            ("B", 2, 0),
            ("C", 1, 0),
        ]
        scanned = await take(staff, begun, "scan", code="https://id.gs1.org/01/04901234567894/21/7", quantity=2)
        assert [(moved["number"], moved["quantity"]) for moved in scanned["moved"]] == [(1, 1), (2, 1)]
        await take(staff, begun, "scan", code=GTINS["A"])
        await take(staff, begun, "scan", code="00036000291452")
        missing = await take(staff, begun, "lines/B/short", missing=1, reason="not on the shelf")
        assert [(moved["number"], moved["quantity"]) for moved in missing["moved"]] == [(3, 1)]
        last = await take(staff, begun, "scan", code="00000040170725")
        assert all(line["wanted"] == line["picked"] for line in last["lines"])
        for bag in (first, second, third):
            await step(staff, bag, "ready", bag_location="shelf B4")
        shown = (await staff.get(f"{ROUNDS}/{begun['round_id']}")).json()
    assert (begun["state"], last["state"], shown["state"]) == ("picking", "picking", "done")
    (line,) = [line for line in (await service.of_order(third["order_id"]))["lines"] if line["sku"] == "B"]
    assert (line["short"], line["picked"]) == (1, 0)
    assert [told.kind for told in await service.announced(third["order_id"])] == [
        "requested",
        "picking",
        "line_short",
        "ready",
    ]


async def test_a_scan_says_what_is_wrong(inventory_url: str, service: PickupService) -> None:
    (bag,) = await bags(service, {"A": 1})
    async with service.staff() as staff:
        begun = (await staff.post(ROUNDS, json={"location_id": STORE})).json()
        for path in (f"{ROUNDS}/{begun['round_id']}/scan", f"/v1/pickups/{bag['pickup_id']}/scan"):
            answers = [
                await staff.post(path, json={"code": code, "quantity": quantity})
                for code, quantity in (
                    ("4901234567895", 1),
                    ("4006381333931", 1),
                    (GTINS["C"], 1),
                    (GTINS["A"], 2),
                )
            ]
            assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [
                (422, "invalid_request"),
                (422, "unknown_gtin"),
                (409, "wrong_item"),
                (422, "invalid_request"),
            ]
            assert [answer.json().get("errors", [{}])[0].get("pointer") for answer in answers] == [
                "/code",
                "/code",
                None,
                "/quantity",
            ]
        picked = await press(staff, bag, "scan", code=GTINS["A"])
    assert (picked.status_code, picked.json()["lines"][0]["picked"]) == (200, 1)


async def test_without_inventory_there_is_no_scan_but_picking_goes_on(service: PickupService) -> None:
    (bag,) = await bags(service, {"A": 1})
    async with service.staff() as staff:
        begun = (await staff.post(ROUNDS, json={"location_id": STORE})).json()
        unanswered = await staff.post(f"{ROUNDS}/{begun['round_id']}/scan", json={"code": GTINS["A"]})
        assert (unanswered.status_code, unanswered.json()["code"]) == (503, "unavailable")
        picked = await take(staff, begun, "lines/A/pick", quantity=1)
    assert picked["moved"] == [{"number": 1, "pickup_id": bag["pickup_id"], "quantity": 1}]


async def test_people_who_ask_for_work_at_once_never_get_the_same_bag(service: PickupService) -> None:
    order_ids = [new_id() for _ in range(30)]
    await service.publish(*(confirmed(order_id, service.clock(), {STORE: {"A": 1}}) for order_id in order_ids))
    async with service.staff() as staff:
        asked = await asyncio.gather(*(staff.post(ROUNDS, json={"location_id": STORE, "limit": 4}) for _ in range(10)))
        begun = [answer.json() for answer in asked if answer.status_code == 201]
        taken = [bag["pickup_id"] for each in begun for bag in each["bags"]]
        assert len(taken) == len(set(taken))
        # Whoever came while the others were served finds what is left.
        while (more := await staff.post(ROUNDS, json={"location_id": STORE, "limit": 4})).status_code == 201:
            taken += [bag["pickup_id"] for bag in more.json()["bags"]]
    assert len(taken) == len(set(taken)) == len(order_ids)
    assert {answer.json()["code"] for answer in [*asked, more] if answer.status_code != 201} == {"nothing_to_pick"}
    async with service.database.reading() as connection:
        assert await violations(connection) == []


async def test_hands_that_pick_one_round_at_once_never_pick_too_much(service: PickupService) -> None:
    made = await bags(service, *({"A": 3} for _ in range(4)))
    async with service.staff() as staff:
        begun = (await staff.post(ROUNDS, json={"location_id": STORE})).json()
        path = f"{ROUNDS}/{begun['round_id']}/lines/A"
        answers = await asyncio.gather(
            *(staff.post(f"{path}/pick", json={"quantity": 1}) for _ in range(10)),
            *(staff.post(f"{path}/short", json={"missing": 1, "reason": "gone"}) for _ in range(10)),
        )
        shown = (await staff.get(f"{ROUNDS}/{begun['round_id']}")).json()
    assert sorted(answer.status_code for answer in answers) == [200] * 12 + [422] * 8
    assert all(line["wanted"] == line["picked"] for line in shown["lines"])
    lines = [(await service.of_order(bag["order_id"]))["lines"][0] for bag in made]
    assert [line["picked"] + line["short"] for line in lines] == [3] * 4
    async with service.database.reading() as connection:
        assert await violations(connection) == []


async def test_named_bags_are_begun_together_or_not_at_all(service: PickupService) -> None:
    first, second, other = await bags(service, {"A": 1}, {"A": 1}, {"A": 1})
    async with service.staff() as staff, service.staff("S2") as stranger:

        async def begin(*pickup_ids: str) -> httpx.Response:
            return await staff.post(ROUNDS, json={"location_id": STORE, "pickup_ids": list(pickup_ids)})

        begun = (await begin(second["pickup_id"], first["pickup_id"])).json()
        assert [bag["pickup_id"] for bag in begun["bags"]] == [first["pickup_id"], second["pickup_id"]]
        assert begun["moved"] == []
        again = await begin(other["pickup_id"], first["pickup_id"])
        assert (again.status_code, again.json()["code"]) == (409, "conflict")
        assert again.json()["round_id"] == begun["round_id"]
        unknown = await begin(other["pickup_id"], new_id())
        twice = await begin(other["pickup_id"], other["pickup_id"])
        assert [answer.json()["errors"][0]["pointer"] for answer in (unknown, twice)] == ["/pickup_ids/1"] * 2
        assert (await service.of_order(other["order_id"]))["state"] == "requested"
        answers = [
            await stranger.post(ROUNDS, json={"location_id": STORE}),
            await stranger.get(f"{ROUNDS}/{begun['round_id']}"),
            await stranger.post(f"{ROUNDS}/{begun['round_id']}/end"),
        ]
        assert {answer.status_code for answer in answers} == {403}
        missing = [await staff.get(f"{ROUNDS}/{new_id()}"), await staff.post(f"{ROUNDS}/{new_id()}/end")]
        assert {answer.status_code for answer in missing} == {404}


async def test_what_is_not_finished_leaves_a_round_that_ends_and_goes_into_the_next(service: PickupService) -> None:
    first, second = await bags(service, {"A": 1}, {"A": 1})
    async with service.staff() as staff:
        key = {"Idempotency-Key": "shift-1"}
        body = {"location_id": STORE, "limit": 2}
        begun = (await staff.post(ROUNDS, json=body, headers=key)).json()
        assert (await staff.post(ROUNDS, json=body, headers=key)).json() == begun
        await take(staff, begun, "lines/A/pick", quantity=1)
        await step(staff, first, "ready")
        ended = [await take(staff, begun, "end") for _ in range(2)]
        assert [(each["state"], [bag["pickup_id"] for bag in each["bags"]]) for each in ended] == [
            ("done", [first["pickup_id"]])
        ] * 2
        left = {"location_id": STORE, "pickup_ids": [second["pickup_id"]]}
        after = (await staff.post(ROUNDS, json=left)).json()
        assert (await service.of_order(second["order_id"]))["round_id"] == after["round_id"]
