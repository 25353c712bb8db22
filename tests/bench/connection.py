"""HTTP/1.1 as a measuring client needs it: a request at a time, encoded once, answers hardly parsed.

Every microsecond of the client is taken from the server that it measures, on the same cores.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

HOST = "127.0.0.1"


def encoded(request: Mapping[str, Any]) -> bytes:
    """A request `{method, path, headers, body}` as bytes; the body, if any, as JSON."""
    body = json.dumps(request["body"]).encode() if request.get("body") is not None else b""
    headers = {"Host": HOST, "Content-Length": str(len(body)), "Content-Type": "application/json"}
    lines = [f"{request['method']} {request['path']} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in {**headers, **request.get("headers", {})}.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Client(asyncio.Protocol):
    """Hands each whole answer to `answered`, which a subclass overrides."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self._received = b""

    def answered(self, status: int, body: bytes) -> None:
        raise NotImplementedError

    def lost(self) -> None:
        """The server has closed the connection, or its answer could not be read."""
        raise NotImplementedError

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment] - uvloop's own kind

    def data_received(self, data: bytes) -> None:
        if self._received:
            data = self._received + data
        head = data.find(b"\r\n\r\n")
        if head < 0:
            self._received = data
            return
        end = head + 4 + content_length(data[:head])
        if len(data) < end:
            self._received = data
            return
        self._received = b""
        self.answered(int(data[9:12]), data[head + 4 : end])

    def connection_lost(self, error: Exception | None) -> None:
        self.lost()


def content_length(head: bytes) -> int:
    """The bytes of the body that follows this head. Raises ValueError where it does not say."""
    head = head.lower()
    start = head.index(b"\r\ncontent-length:") + 17
    end = head.find(b"\r\n", start)
    return int(head[start:] if end < 0 else head[start:end])


class EventStream(asyncio.Protocol):
    """A stream of server-sent events; `told` hears the data of each. Zaiko sends none in two chunks."""

    def __init__(self, request: bytes, told: Callable[[bytes], None]) -> None:
        self._request = request
        self._told = told
        self._received = b""
        self._transport: asyncio.Transport | None = None
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @classmethod
    async def open(cls, port: int, request: bytes, told: Callable[[bytes], None]) -> "EventStream":
        """Raises ConnectionError unless it is answered with 200."""
        stream = cls(request, told)
        await asyncio.get_running_loop().create_connection(lambda: stream, HOST, port)
        await stream.opened
        return stream

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment] - uvloop's own kind
        transport.write(self._request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        if not self.opened.done():
            self._open(data)
        *lines, self._received = (self._received + data).split(b"\n")
        for line in lines:
            if line.startswith(b"data:"):
                self._told(line[5:])

    def _open(self, data: bytes) -> None:
        if data[9:12] == b"200":
            self.opened.set_result(None)
        else:
            self.opened.set_exception(ConnectionError(f"the stream answered {data[:80]!r}"))

    def connection_lost(self, error: Exception | None) -> None:
        if not self.opened.done():
            self.opened.set_exception(ConnectionError("the server closed the connection"))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class Connection(Client):
    """One connection to ask on and wait for the answer, one caller at a time."""

    def __init__(self) -> None:
        super().__init__()
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None

    @classmethod
    async def open(cls, port: int) -> "Connection":
        _, connection = await asyncio.get_running_loop().create_connection(cls, HOST, port)
        return connection

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Status and body of the answer. Raises ConnectionError."""
        self._answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self._answer

    def close(self) -> None:
        self.transport.close()

    def answered(self, status: int, body: bytes) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result((status, body))

    def lost(self) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError("the server closed the connection"))
