"""`zaiko up`: starting, going on, stopping, and saying plainly why not."""

import os
import re
from pathlib import Path

import httpx
import pytest

from tests.conditions import eventually
from tests.system.conftest import end
from tests.system.installation import Installation, zaiko

STORE = {"name": "Ginza", "kind": "store", "ships": False, "offers_pickup": True}


async def test_it_serves_the_three_services_and_the_entry_page(shared_installation: Installation) -> None:
    async with httpx.AsyncClient(base_url=shared_installation.url, trust_env=False) as anybody:
        for service in ("inventory", "orders", "pickup"):
            for path in ("docs", "openapi.json", "events", "asyncapi.json", "health/live", "health/ready", "metrics"):
                assert (await anybody.get(f"/{service}/{path}")).status_code == 200, f"/{service}/{path}"
        assert (await anybody.get("/health/live")).json() == {"status": "live"}
        assert (await anybody.get("/health/ready")).json()["services"] == dict.fromkeys(
            ("inventory", "orders", "pickup"), "ready"
        )


async def test_the_entry_page_leads_everywhere_and_loads_nothing_from_elsewhere(
    shared_installation: Installation,
) -> None:
    async with httpx.AsyncClient(base_url=shared_installation.url, trust_env=False) as anybody:
        page = await anybody.get("/")
        assert page.headers["content-type"].startswith("text/html")
        links = re.findall(r'href="(/[^"]*)"', page.text)
        assert {"/inventory/docs", "/orders/docs", "/pickup/docs", "/health/ready"} <= set(links)
        for link in links:
            assert (await anybody.get(link)).status_code == 200, link
    for address in re.findall(r"https?://[^\s\"'<]+", page.text):
        assert address.startswith(shared_installation.url), address


async def test_the_documented_paths_of_a_service_work_under_its_mount(shared_installation: Installation) -> None:
    async with httpx.AsyncClient(base_url=shared_installation.url, trust_env=False) as anybody:
        document = (await anybody.get("/inventory/openapi.json")).json()
        prefix = document["servers"][0]["url"]
        refused = await anybody.get(f"{prefix}/v1/locations")
    assert refused.status_code == 401
    assert refused.json()["code"] == "unauthenticated"


async def test_a_second_start_continues_with_the_data_of_the_first(installation: Installation) -> None:
    async with installation.client("operator") as operator:
        await operator.put("/inventory/v1/locations/S1", json=STORE)
    assert installation.stop() == 0
    installation.start()
    async with installation.client("operator") as operator:
        assert (await operator.get("/inventory/v1/locations/S1")).json()["name"] == "Ginza"


def test_sigterm_leaves_no_process_behind(installation: Installation) -> None:
    assert installation.processes()
    assert installation.stop() == 0
    assert installation.processes() == []


def test_sigterm_leaves_no_process_behind_even_where_the_start_before_was_killed(installation: Installation) -> None:
    installation.kill()
    assert installation.processes(), "the database server should have outlived the kill"
    installation.start()
    assert installation.stop() == 0
    assert installation.processes() == []


async def test_sigterm_in_the_middle_of_the_first_start_leaves_no_process_behind(tmp_path: Path) -> None:
    installation = Installation(tmp_path / "zaiko")
    installation.launch()
    await eventually((tmp_path / "zaiko" / "postgres").exists)
    assert installation.stop() == 0
    assert installation.processes() == []
    installation.start()
    end(installation)


async def test_an_open_stream_does_not_hold_up_the_end(installation: Installation) -> None:
    async with installation.client("operator") as operator, operator.stream("GET", "/inventory/v1/stream") as stream:
        assert stream.status_code == 200
        assert installation.stop() == 0


def test_a_directory_in_use_is_told_with_the_process_that_uses_it(shared_installation: Installation) -> None:
    second = zaiko("up", "--port", "0", "--data-dir", str(shared_installation.data_dir))
    assert second.returncode == 1
    assert second.stdout == ""
    told = " ".join(second.stderr.split())
    assert f"is in use by process {shared_installation.process.pid}" in told
    assert "Traceback" not in told


def test_a_port_in_use_is_told_in_one_line(shared_installation: Installation, tmp_path: Path) -> None:
    port = shared_installation.url.rpartition(":")[2]
    second = zaiko("up", "--port", port, "--data-dir", str(tmp_path / "other"))
    assert second.returncode == 1
    assert second.stderr.splitlines() == [
        f"zaiko: cannot listen on port {port}: it is in use; choose another with --port"
    ]


def test_a_missing_broker_is_told_with_the_way_to_one(tmp_path: Path) -> None:
    nowhere = ("--bus", "kafka", "--kafka-bootstrap", "127.0.0.1:9")
    said = zaiko("up", "--port", "0", "--data-dir", str(tmp_path / "zaiko"), *nowhere)
    assert said.returncode == 1
    assert "`make kafka` starts one" in said.stderr


@pytest.mark.parametrize("url", ["postgresql://nobody@127.0.0.1:9/none", "mysql://root@127.0.0.1/none"])
@pytest.mark.parametrize("command", ["up", "verify"])
def test_a_database_that_cannot_be_used_is_told_without_a_traceback(command: str, url: str, tmp_path: Path) -> None:
    port = ("--port", "0") if command == "up" else ()
    said = zaiko(command, *port, "--data-dir", str(tmp_path / "zaiko"), "--database-url", url)
    assert said.returncode != 0
    assert said.stdout == ""
    assert said.stderr
    assert "Traceback" not in said.stderr


@pytest.mark.parametrize("command", ["up", "token", "verify", "till", "replay", "demo"])
def test_every_command_explains_itself(command: str) -> None:
    said = zaiko(command, "--help", environment={**os.environ, "COLUMNS": "200"})
    assert said.returncode == 0
    assert f"zaiko {command}" in said.stdout or f"services {command}" in said.stdout
