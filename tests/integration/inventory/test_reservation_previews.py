"""A preview decides as a reservation does, and says why; what is kept back stays, and the deepest place gives."""

from typing import Any

from tests.integration.inventory.channels import buy, limit, put
from tests.integration.inventory.conftest import Inventory


async def test_a_preview_says_what_each_place_could_give_and_changes_nothing(inventory: Inventory) -> None:
    await inventory.stock("A", S1=5, S2=5, S3=5, S4=1, S5=5)
    await inventory.operator.put("/v1/items/B", json={"name": "B"})
    await inventory.add_store("S6")
    for place in ("S1", "S3", "S5"):
        await inventory.add_store(place, groups=[f"group-{place}"])
    await limit(
        inventory,
        {"location_group": "group-S1", "buffer": 4},
        {"location_group": "group-S3", "share": 0.2},
        {"location_group": "group-S5", "cap": 1},
    )
    before = await inventory.operator.get("/v1/stock/A")
    places = ["S1", "S2", "S3", "S4", "S5", "S6"]
    body = {
        "reference": "draft",
        "channel": "market",
        "lines": [{"sku": "A", "quantity": 2}],
        "sourcing": {"policy": "single_location", "candidates": places, "keep_back": {"S2": 4}},
    }
    asked = (await inventory.operator.post("/v1/reservations/preview", json=body)).json()
    lines = {candidate["location_id"]: candidate["lines"][0] for candidate in asked["candidates"]}
    assert list(lines) == places
    assert {place: (line["stock"], line["could_give"], line["held_back_by"]) for place, line in lines.items()} == {
        "S1": (5, 1, "buffer"),
        "S2": (5, 1, "kept_back"),
        "S3": (5, 1, "share"),
        "S4": (1, 1, "too_few_there"),
        "S5": (5, 1, "cap"),
        "S6": (0, 0, "none_there"),
    }
    assert (asked["would_hold"], asked["code"]) == (False, "insufficient_stock")
    real = (await inventory.operator.post("/v1/reservations", json=body)).json()
    assert asked["shortages"] == real["shortages"]

    body["sourcing"] = {"policy": "fewest_splits", "candidates": places}
    asked = (await inventory.operator.post("/v1/reservations/preview", json=body)).json()
    assert (await inventory.operator.get("/v1/stock/A")).json()["locations"] == before.json()["locations"]
    real = (await inventory.operator.post("/v1/reservations", json=body)).json()
    assert asked["would_hold"]
    assert asked["allocations"] == real["allocations"]


async def test_a_preview_names_what_is_closed_or_unknown(inventory: Inventory) -> None:
    await inventory.stock("A", S1=5)
    await put(inventory, open=False)
    body: dict[str, Any] = {"reference": "draft", "channel": "market", "lines": [{"sku": "A", "quantity": 2}]}
    closed = (await inventory.operator.post("/v1/reservations/preview", json=body)).json()
    assert (closed["would_hold"], closed["code"], closed["allocations"]) == (False, "channel_closed", [])
    for changes, code in (
        ({"lines": [{"sku": "unheard-of", "quantity": 1}], "channel": "web"}, "unknown_sku"),
        ({"sourcing": {"candidates": ["nowhere"]}, "channel": "web"}, "unknown_location"),
    ):
        refused = await inventory.operator.post("/v1/reservations/preview", json=body | changes)
        assert (refused.status_code, refused.json()["code"]) == (422, code)


async def test_a_stores_last_pieces_stay_and_of_equally_good_places_the_deepest_gives(inventory: Inventory) -> None:
    await inventory.stock("A", S1=3, S2=6, S3=9, S4=20)
    sourcing = {"policy": "in_order", "candidates": ["S1", "S2", "S3", "S4"], "tiers": [3], "keep_back": {"S3": 8}}
    held = (await buy(inventory, 8, sourcing=sourcing)).json()
    assert {share["location_id"]: share["quantity"] for share in held["allocations"]} == {"S2": 6, "S1": 2}
    held = (await buy(inventory, 2, sourcing=sourcing)).json()
    assert {share["location_id"]: share["quantity"] for share in held["allocations"]} == {"S1": 1, "S3": 1}
    held = (await buy(inventory, 1, sourcing=sourcing)).json()
    assert [share["location_id"] for share in held["allocations"]] == ["S4"]
