"""An item is found by what a scanner reads of it, however its GTIN was put."""

from typing import Any

import httpx

from tests.integration.inventory.conftest import Inventory

SHIRT, SOAP, GUM = "4901234567894", "036000291452", "40170725"


async def found(inventory: Inventory, code: str, **query: Any) -> list[str]:
    answer = await inventory.operator.get("/v1/items", params={"gtin": code, **query})
    assert answer.status_code == 200, answer.text
    return [item["sku"] for item in answer.json()["items"]]


async def put(inventory: Inventory, sku: str, gtin: str) -> httpx.Response:
    return await inventory.operator.put(f"/v1/items/{sku}", json={"name": sku, "gtin": gtin})


async def test_an_item_is_found_by_every_spelling_of_its_gtin(inventory: Inventory) -> None:
    for sku, gtin in {"shirt": SHIRT, "soap": SOAP, "gum": GUM, "soap in a box": SOAP.zfill(14)}.items():
        await put(inventory, sku.replace(" ", "-"), gtin)
    assert await found(inventory, SHIRT) == await found(inventory, SHIRT.zfill(14)) == ["shirt"]
    assert await found(inventory, f"https://id.gs1.org/01/{SHIRT.zfill(14)}/21/7") == ["shirt"]
    assert await found(inventory, SOAP) == await found(inventory, SOAP.lstrip("0")) == ["soap", "soap-in-a-box"]
    assert await found(inventory, GUM.zfill(13)) == await found(inventory, GUM) == ["gum"]
    assert await found(inventory, SOAP, limit=1) == ["soap"]
    assert await found(inventory, "4006381333931") == []


async def test_a_gtin_is_kept_without_the_spaces_that_a_person_typed(inventory: Inventory) -> None:
    assert (await put(inventory, "shirt", "4 901234-567894")).json()["gtin"] == SHIRT
    assert await found(inventory, SHIRT) == ["shirt"]


async def test_what_is_no_gtin_is_refused(inventory: Inventory) -> None:
    for code in ("4901234567895", "shirt", ""):
        answer = await inventory.operator.get("/v1/items", params={"gtin": code})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/query/gtin"), code
