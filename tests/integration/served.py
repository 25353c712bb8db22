"""Zaiko as a whole, served for real: its services ask each other over HTTP, and so do its customers."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import cycle
from typing import Any

import httpx
import uvicorn

from services.installation import Installation
from services.together import create_app
from shared.http.auth import issue
from shared.principal import Role
from tests.clocks import MovableClock
from tests.conditions import eventually
from tests.integration.invariants import invariants

SECRET = "a secret that is only good for tests"
LANES = 50
CONNECTIONS_PER_LANE = 10
"""Many small pools: what one pool of httpx does for a request grows with its connections times its requests."""


class Served:
    """One installation, and everybody's client of it."""

    def __init__(
        self, database_url: str, base_url: str, lanes: Sequence[httpx.AsyncClient], clock: MovableClock
    ) -> None:
        self.database_url = database_url
        self.base_url = base_url
        self.clock = clock
        self._lanes = cycle(lanes)

    async def answer(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        role: Role = "operator",
        location_id: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        token = issue(SECRET, role, location_id, self.clock())
        sent = {"authorization": f"Bearer {token}"} | (headers or {})
        return await next(self._lanes).request(method, path, json=body, headers=sent)

    async def ask(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """The answer's body; options are those of `answer`. AssertionError for an error."""
        answer = await self.answer(method, path, body, **options)
        assert answer.status_code < 300, answer.text
        return answer.json()

    async def invariants_hold(self) -> None:
        """Wait until nothing contradicts an invariant: what is between two services is given the time to arrive."""
        async with invariants(self.database_url) as look:
            await look()


@asynccontextmanager
async def served(database_url: str) -> AsyncIterator[Served]:
    """All services on an empty database, behind a port of their own, until the context is left."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        base_url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        installation = Installation(
            database_url=database_url,
            token_secret=SECRET,
            base_url=base_url,
            token_command="zaiko token",
            bus="postgres",
            kafka_bootstrap_servers="none:9092",
        )
        clock = MovableClock()
        app = create_app(installation, clock=clock)
        options = {"log_config": None, "access_log": False, "timeout_graceful_shutdown": 1, "timeout_keep_alive": 75}
        server = uvicorn.Server(uvicorn.Config(app, **options))  # type: ignore[arg-type]
        running = asyncio.create_task(server.serve(sockets=[listening]))
        await eventually(lambda: server.started or running.done())
        limits = httpx.Limits(max_connections=CONNECTIONS_PER_LANE)
        async with AsyncExitStack() as opened:
            lanes = [
                await opened.enter_async_context(
                    httpx.AsyncClient(base_url=base_url, timeout=60, trust_env=False, limits=limits, verify=False)
                )
                for _ in range(LANES)
            ]
            yield Served(database_url, base_url, lanes, clock)
        server.should_exit = True
        await running
