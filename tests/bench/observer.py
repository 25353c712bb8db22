"""When a sale shows: on the stream of levels, and for some in the answers about availability.

Nobody else changes the items that are sold here, so the level that a sale leaves is its own.
"""

import asyncio
import json
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from tests.bench.connection import Connection, EventStream, encoded

Shelf = tuple[str, str]
"""(location_id, sku)"""
OPEN_LIMIT_S = 30.0
SHOW_LIMIT_S = 20.0
ASKERS = 4


class Observer:
    """Watches one installation on a port of this machine; instants are seconds of `time.perf_counter`.

    What is to be looked for in availability is asked for once the stream has shown it, and again until the answer has
    it: it counts as shown when both have it, and asking before that would only take the processor from the server.
    """

    def __init__(self, port: int, headers: Mapping[str, str]) -> None:
        self._port = port
        self._headers = headers
        self._on_hand: dict[Shelf, int] = {}
        self._waiting: dict[Shelf, deque[tuple[int, int]]] = defaultdict(deque)
        self._to_ask: dict[int, tuple[Shelf, int]] = {}
        self._asking: list[asyncio.Task[None]] = []
        self._idle: asyncio.Queue[Connection] = asyncio.Queue()
        self.seen: dict[int, float] = {}
        """For each sale, by its number, when the stream had its level."""
        self.shown: dict[int, float] = {}
        """For the sales that were asked for, when an answer about availability had it."""

    @asynccontextmanager
    async def watching(self, skus: Sequence[str]) -> AsyncIterator[None]:
        """Know what lies on the shelves, and follow the stream while the context is open."""
        self._idle = asyncio.Queue()  # those of the time before are closed
        connections = [await Connection.open(self._port) for _ in range(ASKERS)]
        for connection in connections:
            self._idle.put_nowait(connection)
        for item in json.loads(await self._ask("&".join(f"sku={sku}" for sku in skus)))["items"]:
            for place in item["locations"]:
                self._on_hand[place["location_id"], item["sku"]] = place["available"]
        request = encoded({"method": "GET", "path": "/inventory/v1/stream", "headers": self._headers})
        async with asyncio.timeout(OPEN_LIMIT_S):
            stream = await EventStream.open(self._port, request, self._told)
        try:
            yield
        finally:
            for connection in (stream, *connections):
                connection.close()

    def sells(self, number: int, shelf: Shelf, *, is_asked_for: bool) -> None:
        """Sale `number` is about to take one unit; it may be looked for in availability as well."""
        self._on_hand[shelf] -= 1
        self._waiting[shelf].append((self._on_hand[shelf], number))
        if is_asked_for:
            self._to_ask[number] = (shelf, self._on_hand[shelf])

    async def all_seen(self) -> None:
        """Returns once every sale has shown. TimeoutError where one is missing."""
        async with asyncio.timeout(SHOW_LIMIT_S):
            while any(self._waiting.values()):  # noqa: ASYNC110 - it is emptied one by one
                await asyncio.sleep(0.02)
            await asyncio.gather(*self._asking)
        self._asking.clear()

    async def _ask_for(self, number: int) -> None:
        (location_id, sku), level = self._to_ask.pop(number)
        while True:
            (item,) = json.loads(await self._ask(f"sku={sku}&location_id={location_id}"))["items"]
            if item["available"] <= level:
                self.shown[number] = time.perf_counter()
                return

    async def _ask(self, query: str) -> bytes:
        path = f"/inventory/v1/availability?{query}"
        connection = await self._idle.get()
        status, body = await connection.ask(encoded({"method": "GET", "path": path, "headers": self._headers}))
        self._idle.put_nowait(connection)
        if status != 200:
            raise RuntimeError(f"availability answered {status}")
        return body

    def _told(self, data: bytes) -> None:
        self._see(json.loads(data), time.perf_counter())

    def _see(self, level: Mapping[str, object], now: float) -> None:
        """A level that is as low as a sale leaves it, or lower, has that sale in it."""
        waiting = self._waiting[str(level["location_id"]), str(level["sku"])]
        while waiting and waiting[0][0] >= level["on_hand"]:  # type: ignore[operator]
            _, number = waiting.popleft()
            self.seen[number] = now
            if number in self._to_ask:
                self._asking.append(asyncio.create_task(self._ask_for(number)))
