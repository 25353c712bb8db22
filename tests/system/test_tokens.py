"""`zaiko token`: who may do what."""

import os
from pathlib import Path

import httpx
import pytest

from tests.system.installation import Installation, zaiko

STORE = {"name": "Ginza", "kind": "store", "ships": False, "offers_pickup": True}


def test_it_prints_the_token_and_nothing_else(tmp_path: Path) -> None:
    said = zaiko("token", "--role", "operator", "--data-dir", str(tmp_path))
    assert said.returncode == 0
    assert said.stderr == ""
    assert len(said.stdout.splitlines()) == 1
    assert said.stdout.count(".") == 2


@pytest.mark.parametrize("role", ["till", "store-staff"])
def test_roles_of_one_store_need_to_know_which(role: str, tmp_path: Path) -> None:
    said = zaiko("token", "--role", role, "--data-dir", str(tmp_path))
    assert said.returncode != 0
    assert said.stdout == ""
    assert "--location" in said.stderr


def test_the_key_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    zaiko("token", "--role", "operator", "--data-dir", str(tmp_path))
    assert (tmp_path / "token-secret").stat().st_mode & 0o777 == 0o600


async def test_a_role_opens_its_own_doors_only(shared_installation: Installation) -> None:
    here = shared_installation
    async with here.client("operator") as operator:
        assert (await operator.put("/inventory/v1/locations/S1", json=STORE)).status_code == 201
    async with here.client("till", "S1") as till:
        assert (await till.put("/inventory/v1/locations/S2", json=STORE)).status_code == 403
        elsewhere = await till.post("/inventory/v1/events", json=_sale("S2"), headers=_STRUCTURED)
        assert elsewhere.status_code == 403 or elsewhere.json()["rejected"]
        assert (await till.post("/inventory/v1/events", json=_sale("S1"), headers=_STRUCTURED)).status_code == 202
    async with here.client("storefront") as storefront:
        assert (await storefront.post("/inventory/v1/events", json=_sale("S1"), headers=_STRUCTURED)).status_code == 403
        assert (await storefront.get("/orders/v1/orders")).status_code == 200


async def test_a_token_of_another_installation_opens_nothing(shared_installation: Installation, tmp_path: Path) -> None:
    foreign = zaiko("token", "--role", "operator", "--data-dir", str(tmp_path)).stdout.strip()
    headers = {"Authorization": f"Bearer {foreign}"}
    async with httpx.AsyncClient(base_url=shared_installation.url, headers=headers, trust_env=False) as stranger:
        for path in ("/inventory/v1/locations", "/orders/v1/orders", "/pickup/v1/pickups"):
            assert (await stranger.get(path)).status_code == 401, path


def test_a_secret_from_the_environment_signs_alike_in_every_place(tmp_path: Path) -> None:
    environment = {**os.environ, "ZAIKO_TOKEN_SECRET": "s" * 40}
    said = zaiko("token", "--role", "operator", "--data-dir", str(tmp_path / "none"), environment=environment)
    assert said.returncode == 0
    assert not (tmp_path / "none").exists()


def test_a_secret_that_is_too_short_is_refused(tmp_path: Path) -> None:
    environment = {**os.environ, "ZAIKO_TOKEN_SECRET": "short"}
    said = zaiko("token", "--role", "operator", "--data-dir", str(tmp_path), environment=environment)
    assert said.returncode != 0
    assert said.stdout == ""


_STRUCTURED = {"Content-Type": "application/cloudevents+json"}


def _sale(place: str) -> dict[str, object]:
    return {
        "specversion": "1.0",
        "id": f"sale-{place}",
        "source": f"/locations/{place}/tills/1",
        "type": "zaiko.till.sale.v1",
        "time": "2017-11-20T09:00:00Z",
        "data": {"location_id": place, "till_id": "1", "receipt_id": "1", "lines": [{"sku": "A", "quantity": 1}]},
    }
