"""The connections to receivers: where they lead, how long they last, how much is read."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from services.pickup.domain.deliveries import Reply
from services.pickup.domain.receivers import Network
from services.pickup.store.receivers import ANSWER_LIMIT_BYTES, Receivers, retry_after

NOW = datetime(2026, 3, 29, 1, tzinfo=UTC)
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(talk: Talk) -> AsyncIterator[int]:
    """The port of a server that talks so with whoever comes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def post(url: str, network: Network = "loopback", timeout_s: float = 10) -> Reply:
    async with Receivers(network, timeout_s, 4) as receivers:
        return await receivers.post(url, {"webhook-id": "1"}, b"{}", NOW)


@pytest.mark.parametrize("network", ["public", "private"])
async def test_a_name_that_leads_to_this_machine_is_not_connected_to(network: Network) -> None:
    heard: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(1))

    async with listening(listen) as port:
        reply = await post(f"https://localhost:{port}/", network)
    assert reply == Reply(None, "localhost has no address that may be sent to")
    assert heard == []


async def test_a_url_that_was_allowed_once_and_is_no_longer_is_not_asked() -> None:
    reply = await post("http://127.0.0.1:9/", "public")
    assert reply == Reply(None, "the URL may not be used here: must begin with https://")


async def test_a_receiver_that_says_nothing_is_not_waited_for_for_ever() -> None:
    async def say_nothing(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with listening(say_nothing) as port:
        assert await post(f"http://127.0.0.1:{port}/", timeout_s=0.05) == Reply(None, "no answer within 0.05 s")


async def test_an_endless_answer_is_not_read_to_its_end() -> None:
    sent = 0

    async def say_too_much(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nretry-after: 7\r\ncontent-length: 1000000000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b" " * ANSWER_LIMIT_BYTES)
            sent += ANSWER_LIMIT_BYTES
            await writer.drain()

    async with listening(say_too_much) as port:
        assert await post(f"http://127.0.0.1:{port}/") == Reply(200, retry_after=timedelta(seconds=7))
    assert sent < 1_000_000_000


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200", b"what?\r\n\r\n"])
async def test_what_is_no_answer_is_a_failure_with_its_reason(answer: bytes) -> None:
    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)

    async with listening(say) as port:
        reply = await post(f"http://127.0.0.1:{port}/")
    assert reply.status is None
    assert reply.error


async def test_nobody_there_is_a_failure_with_its_reason() -> None:
    async with listening(lambda *_: asyncio.sleep(0)) as port:
        pass
    reply = await post(f"http://127.0.0.1:{port}/")
    assert (reply.status, reply.retry_after) == (None, None)
    assert reply.error


@pytest.mark.parametrize(
    ("header", "waits"),
    [
        ("120", timedelta(minutes=2)),
        (" 0 ", timedelta()),
        ("Sun, 29 Mar 2026 01:05:00 GMT", timedelta(minutes=5)),
        ("Sun, 29 Mar 2026 00:05:00 GMT", timedelta()),
        ("9" * 400, timedelta(seconds=999_999_999)),
        ("-1", None),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str, waits: timedelta | None) -> None:
    assert retry_after(header, NOW) == waits
