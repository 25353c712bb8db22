"""HTTP as an outsider speaks it: kept connections, a token for each role, and patience with what passes."""

import asyncio
import random
import ssl
from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import cycle
from typing import Any, TypeVar

import httpx
import stamina

from shared.clock import utc_now
from shared.http.auth import issue
from shared.principal import Role

ResultT = TypeVar("ResultT")

LANES = 24
CONNECTIONS_PER_LANE = 4
"""Many small pools: what one pool of httpx does for a request grows with its connections times its requests."""
TIMEOUT_S = 30.0
PATIENCE = timedelta(seconds=60)
"""So long a request is tried again while the system is away, full, or has not heard of something yet."""
RETRY_LIMIT_S = 2.0
POLL_S = 0.04
POLL_LIMIT_S = 0.25
_PASSING_CODES = {"request_in_flight", "unavailable", "overloaded", "unknown_location"}
"""`unknown_location`: the services hear of a location a moment after inventory has it."""


class Refused(Exception):
    """An answer that is not a success and will not pass: `code` is that of the problem document."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status = status
        self.code = code


class Passing(Exception):
    """A refusal that time may heal."""


class NotThere(Exception):
    """There is no installation at the address."""


class NeverHappened(Exception):
    """What was waited for did not come in time."""


class Client:
    """Speaks to one installation; paths begin with the service's name, like `/orders/v1/orders`."""

    def __init__(self, base_url: str, secret: str) -> None:
        trusted = ssl.create_default_context()
        lanes = [_pool(base_url, trusted) for _ in range(LANES)]
        self._open = [*lanes, _pool(base_url, trusted)]
        self._lanes = cycle(lanes)
        self.streams = self._open[-1]
        """For what stays open."""
        self._secret = secret
        self._tokens: dict[tuple[Role, str | None], str] = {}

    async def require(self) -> None:
        """Raises NotThere where nothing answers: before it has begun, a replay is not patient."""
        try:
            await self.streams.get("/health/live")
        except httpx.TransportError as error:
            raise NotThere(f"nothing answers at {self.streams.base_url}") from error

    def token(self, role: Role, location_id: str | None = None) -> str:
        known = self._tokens.get((role, location_id))
        if known is None:
            known = self._tokens[role, location_id] = issue(self._secret, role, location_id, utc_now())
        return known

    async def get(self, path: str, role: Role = "operator", **parameters: Any) -> Any:
        """The answer's JSON. Raises Refused."""
        return (await self.send("GET", path, role, params=parameters)).json()

    async def post(
        self, path: str, body: Any, role: Role = "operator", location_id: str | None = None, key: str | None = None
    ) -> Any:
        """The answer's JSON; `key` is the idempotency key. Raises Refused."""
        headers = {"Idempotency-Key": key} if key else {}
        return (await self.send("POST", path, role, location_id, json=body, headers=headers)).json()

    async def send(
        self, method: str, path: str, role: Role, location_id: str | None = None, **request: Any
    ) -> httpx.Response:
        """The answer, tried again with growing pauses while the fault may pass. Raises Refused."""
        headers = {**request.pop("headers", {}), "Authorization": f"Bearer {self.token(role, location_id)}"}
        try:
            async for attempt in stamina.retry_context(
                on=(httpx.TransportError, Passing),
                attempts=None,
                timeout=PATIENCE,
                wait_initial=0.05,
                wait_max=RETRY_LIMIT_S,
                wait_jitter=0.2,
            ):
                with attempt:
                    response = await next(self._lanes).request(method, path, headers=headers, **request)
                    _raise_for_problem(response)
                    return response
        except Passing as error:
            raise Refused(503, "unavailable", str(error)) from error
        raise AssertionError("unreachable: the last attempt raises")

    async def close(self) -> None:
        await asyncio.gather(*(pool.aclose() for pool in self._open))


def _pool(base_url: str, trusted: ssl.SSLContext) -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=CONNECTIONS_PER_LANE, max_keepalive_connections=CONNECTIONS_PER_LANE)
    return httpx.AsyncClient(base_url=base_url, timeout=TIMEOUT_S, limits=limits, verify=trusted, trust_env=False)


def _raise_for_problem(response: httpx.Response) -> None:
    if response.is_success:
        return
    is_problem = response.headers.get("content-type", "").startswith("application/problem+json")
    problem = response.json() if is_problem else {}
    code, detail = problem.get("code", "unknown"), problem.get("detail", response.text[:200])
    if response.status_code == 503 or code in _PASSING_CODES:
        raise Passing(f"{code}: {detail}")
    if "errors" in problem:
        detail = f"{detail} {problem['errors']}"
    raise Refused(response.status_code, code, detail)


async def until(look: Callable[[], Awaitable[ResultT | None]], what: str) -> ResultT:
    """The first answer of `look` that is not None. Raises NeverHappened."""
    sleep_s, waited_s = POLL_S, 0.0
    while (found := await look()) is None:
        if waited_s > PATIENCE.total_seconds():
            raise NeverHappened(what)
        pause_s = sleep_s * random.uniform(0.8, 1.2)
        await asyncio.sleep(pause_s)
        waited_s += pause_s
        sleep_s = min(sleep_s * 1.5, POLL_LIMIT_S)
    return found
