"""The receivers of webhooks, over HTTP: one request, its status, and nothing that leads anywhere else.

Where a name leads to is judged when it is connected to, so that no name can be turned towards our own network later.
"""

import asyncio
import socket
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from ssl import SSLContext
from types import TracebackType
from typing import Self

import httpcore

from services.pickup.domain.deliveries import Reply
from services.pickup.domain.receivers import Network, fault_of, is_allowed

ANSWER_LIMIT_BYTES = 64 * 1024
"""So much of an answer is read, to use its connection again; none of it is kept."""
IDLE_S = 30.0
"""A connection that is not used for so long is closed."""


class Receivers:
    """Sends to receivers in this network; use it as a context that opens its connections and closes them.

    Without an `ssl_context` receivers need a certificate of an authority that is public, or that this machine trusts.
    """

    def __init__(
        self, network: Network, timeout_s: float, connections_limit: int, ssl_context: SSLContext | None = None
    ) -> None:
        self._network: Network = network
        self._timeout_s = timeout_s
        self._connections_limit = connections_limit
        self._ssl_context = ssl_context
        self._pool: httpcore.AsyncConnectionPool

    async def __aenter__(self) -> Self:
        # No proxy stands between, and no redirect is followed: httpcore does neither by itself.
        self._pool = httpcore.AsyncConnectionPool(
            self._ssl_context or _trusting(),
            max_connections=self._connections_limit,
            keepalive_expiry=IDLE_S,
            network_backend=_Guarded(self._network),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._pool.aclose()

    async def post(self, url: str, headers: Mapping[str, str], body: bytes, now: datetime) -> Reply:
        """The reply to the request, or why there is none."""
        fault = fault_of(url, self._network)
        if fault is not None:
            return Reply(None, f"the URL may not be used here: {fault}")
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._post(url, headers, body, now)
        except TimeoutError:
            return Reply(None, f"no answer within {self._timeout_s:g} s")
        except (OSError, httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as error:
            return Reply(None, str(error) or type(error).__name__)

    async def _post(self, url: str, headers: Mapping[str, str], body: bytes, now: datetime) -> Reply:
        async with self._pool.stream("POST", url, headers=list(headers.items()), content=body) as answer:
            read = 0
            async for part in answer.aiter_stream():
                read += len(part)
                if read > ANSWER_LIMIT_BYTES:
                    break
        named = {name.lower(): value for name, value in answer.headers}
        return Reply(answer.status, retry_after=retry_after(named.get(b"retry-after", b"").decode("latin-1"), now))


def retry_after(header: str, now: datetime) -> timedelta | None:
    """How long `Retry-After` asks to wait: seconds, or until a date (RFC 9110, 10.2.3); None for what is neither."""
    text = header.strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=int(text[:9]))
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(timedelta(), until.replace(tzinfo=until.tzinfo or UTC) - now)


def _trusting() -> SSLContext:
    context = httpcore.default_ssl_context()
    context.load_default_certs()
    return context


class _Guarded(httpcore.AsyncNetworkBackend):
    """Connects to the addresses of a name that are allowed, and to no other."""

    def __init__(self, network: Network) -> None:
        self._network: Network = network
        self._dial = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the name that httpcore calls it by
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise httpcore.ConnectError(f"{host} has no address") from error
        addresses = dict.fromkeys(str(place[0]) for *_, place in found)
        allowed = [address for address in addresses if is_allowed(ip_address(address), self._network)]
        fault = httpcore.ConnectError(f"{host} has no address that may be sent to")
        for address in allowed:
            try:
                return await self._dial.connect_tcp(address, port, timeout, local_address, socket_options)
            except httpcore.ConnectError as error:
                fault = error
        raise fault
