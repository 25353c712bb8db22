"""Every request is counted and timed under its route, and logged when it went wrong."""

import time

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.telemetry import REQUESTS

log = structlog.get_logger(__name__)


class Observation:
    """ASGI middleware around a whole service."""

    def __init__(self, app: ASGIApp, service: str) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 500

        async def observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, observed)
        finally:
            seconds = time.perf_counter() - started
            route = getattr(scope.get("route"), "path", "unmatched")
            REQUESTS.labels(self._service, scope["method"], route, status).observe(seconds)
            if status >= 500:
                log.warning("http.failed", service=self._service, method=scope["method"], route=route, status=status)
