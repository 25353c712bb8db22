"""A receiver of webhooks as the standard wants one: it checks before it believes, and answers as it is told."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, NamedTuple

from fastapi import FastAPI, Request, Response

from tests.serving import serving

TOLERANCE_S = 300


class Taken(NamedTuple):
    """One request: its `webhook-id`, its body, and all of its headers."""

    message_id: str
    payload: Any
    headers: Mapping[str, str]


class Receiver:
    """Takes what is signed with one of its `secrets`; answers 401 to all else, and what was planned to the rest."""

    def __init__(self, url: str, clock: Callable[[], datetime]) -> None:
        self.url = url
        self.secrets: list[str] = []
        self.taken: list[Taken] = []
        self.refused = 0
        self.at_once = 0
        """The most requests that were ever under way together."""
        self.open = asyncio.Event()
        """Cleared, every request waits."""
        self.open.set()
        self._planned: deque[tuple[int, dict[str, str]]] = deque()
        self._under_way = 0
        self._clock = clock

    def plan(self, *statuses: int, **headers: str) -> None:
        """Answer the next requests with these; names of headers are given with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self._planned.extend((status, named) for status in statuses)

    async def take(self, request: Request) -> Response:
        body = await request.body()
        self._under_way += 1
        self.at_once = max(self.at_once, self._under_way)
        try:
            await self.open.wait()
        finally:
            self._under_way -= 1
        if not is_genuine(request.headers, body, self.secrets, self._clock().timestamp()):
            self.refused += 1
            return Response(status_code=401)
        self.taken.append(Taken(request.headers["webhook-id"], json.loads(body), dict(request.headers)))
        status, headers = self._planned.popleft() if self._planned else (204, {})
        return Response(status_code=status, headers=headers)


def is_genuine(headers: Mapping[str, str], body: bytes, secrets: list[str], now: float) -> bool:
    """Whether one of the signatures is by one of the secrets, and fresh."""
    timestamp = headers["webhook-timestamp"]
    if abs(int(timestamp) - now) > TOLERANCE_S:
        return False
    signed = b".".join((headers["webhook-id"].encode(), timestamp.encode(), body))
    for secret in secrets:
        key = base64.b64decode(secret.removeprefix("whsec_"))
        wanted = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        if any(hmac.compare_digest(wanted, found) for found in headers["webhook-signature"].split(" ")):
            return True
    return False


@asynccontextmanager
async def receiving(clock: Callable[[], datetime]) -> AsyncIterator[Receiver]:
    """A receiver on a loopback port, while the context is open."""
    app = FastAPI()
    async with serving(app) as url:
        receiver = Receiver(f"{url}/told", clock)
        app.post("/told")(receiver.take)
        try:
            yield receiver
        finally:
            receiver.open.set()
