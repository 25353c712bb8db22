"""What is loaded: the ports of one or more server processes, and how the bench asks them for a figure."""

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from shared.clock import utc_now
from shared.http.auth import issue
from tests.bench.site import SECRET

SECONDS = 3.0
LOAD_LIMIT_S = 120.0
Request = dict[str, Any]
"""`{method, path, headers?, body?}`"""


@dataclass(frozen=True)
class Load:
    """What a load process has measured."""

    per_second: float
    median_ms: float
    p99_ms: float
    client_cpu_us: float


def operator() -> dict[str, str]:
    """The headers that open every door."""
    return {"Authorization": f"Bearer {issue(SECRET, 'operator', None, utc_now())}"}


@dataclass(frozen=True)
class Target:
    """Server processes of one site, on these ports; clients are divided among them."""

    ports: Sequence[int]
    headers: Mapping[str, str] = field(default_factory=operator)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports[0]}"

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.url, headers=dict(self.headers), timeout=60, trust_env=False)

    async def load(self, clients: int, requests: Sequence[Request], good: int, seconds: float = SECONDS) -> Load:
        """Load it for so many seconds, after a warm-up. RuntimeError where an answer was not the `good` status."""
        authorized = [request | {"headers": {**self.headers, **request.get("headers", {})}} for request in requests]
        job = {"ports": list(self.ports), "clients": clients, "seconds": seconds, "requests": authorized}
        result = await run_process("tests.bench.load", job, seconds + LOAD_LIMIT_S)
        statuses = result.pop("statuses")
        if set(statuses) != {str(good)}:
            raise RuntimeError(f"{requests[0]['path']} answered {statuses}, not {good} alone")
        return Load(**result)


async def run_process(
    module: str, job: Mapping[str, Any], limit_s: float, environment: Mapping[str, str] | None = None
) -> Any:
    """Run a module of the bench on a job given as JSON; its result. RuntimeError where it fails or takes too long."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, stdin=-1, stdout=-1, env=None if environment is None else dict(environment)
    )
    try:
        async with asyncio.timeout(limit_s):
            output, _ = await process.communicate(json.dumps(job).encode())
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise RuntimeError(f"{module} ended with status {process.returncode}")
    return json.loads(output)
