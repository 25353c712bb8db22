"""A limit on request bodies, counted as they arrive, so that memory stays bounded whatever a client claims."""

from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.errors import DomainError
from shared.http.problems import DETAILS, response


class BodyLimit:
    """ASGI middleware: 413 `body_too_large` above `limit_bytes`, or above the limit of its own that a path has."""

    def __init__(self, app: ASGIApp, limit_bytes: int, paths: Mapping[str, int] | None = None) -> None:
        self._app = app
        self._limit_bytes = limit_bytes
        self._paths = paths or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        limit = next((size for path, size in self._paths.items() if scope["path"].endswith(path)), self._limit_bytes)
        announced = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if announced.isdigit() and int(announced) > limit:
            refusal = response("body_too_large", DETAILS["body_too_large"], limit_bytes=limit, errors=[_FAULT])
            await refusal(scope, receive, send)
            return
        arrived = 0

        async def counted() -> Message:
            nonlocal arrived
            message = await receive()
            arrived += len(message.get("body", b""))
            if arrived > limit:
                raise DomainError("body_too_large", DETAILS["body_too_large"], limit_bytes=limit, errors=[_FAULT])
            return message

        await self._app(scope, counted, send)


_FAULT = {"pointer": "", "detail": "the whole body is too large"}
