"""Server processes of a site: started, waited for, stopped."""

import asyncio
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from tests.bench.site import Site
from tests.bench.sockets import free_port
from tests.conditions import eventually_async

START_LIMIT_S = 120.0
STOP_LIMIT_S = 60.0
LOG_CHARACTERS_SHOWN = 2_000


class Server:
    """A process that serves HTTP on a port of 127.0.0.1."""

    def __init__(self, process: Process, port: int, log: Path) -> None:
        self.process = process
        self.port = port
        self._log = log

    async def is_ready(self) -> bool:
        """Whether it answers and its database too. RuntimeError where it has ended."""
        if self.process.returncode is not None:
            raise RuntimeError(f"a server did not start:\n{self._log.read_text()[-LOG_CHARACTERS_SHOWN:]}")
        async with httpx.AsyncClient(trust_env=False) as client:
            try:
                return (await client.get(f"http://127.0.0.1:{self.port}/health/ready")).status_code == 200
            except httpx.TransportError:
                return False

    async def stop(self) -> None:
        """SIGTERM, and wait; a server that does not end is killed, and the bench with it."""
        if self.process.returncode is not None:
            return
        self.process.terminate()
        try:
            async with asyncio.timeout(STOP_LIMIT_S):
                await self.process.wait()
        except TimeoutError:
            self.process.kill()
            raise


@asynccontextmanager
async def all_services(site: Site, log: Path) -> AsyncIterator[Server]:
    """All services in one process, the references beside them."""
    port = free_port()
    async with _running(["-m", "tests.bench.server", str(port)], site, port, log) as server:
        yield server


@asynccontextmanager
async def inventory(site: Site, log: Path) -> AsyncIterator[Server]:
    """Inventory alone, as `python -m services.inventory serve`."""
    port = free_port()
    async with _running(["-m", "services.inventory", "serve"], site, port, log) as server:
        yield server


@asynccontextmanager
async def _running(arguments: list[str], site: Site, port: int, log: Path) -> AsyncIterator[Server]:
    with log.open("ab") as stream:
        environment = dict(site.environment) | {"ZAIKO_PORT": str(port)}
        process = await asyncio.create_subprocess_exec(
            sys.executable, *arguments, env=environment, stdout=stream, stderr=stream
        )
    server = Server(process, port, log)
    try:
        await eventually_async(server.is_ready, START_LIMIT_S)
        yield server
    finally:
        await server.stop()
