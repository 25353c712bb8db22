"""The sync lag: from the moment a till's receipts are sent to the moment the new level arrives on the live stream.

One stream for everything, as a screen in the office would have it. Sender and stream are read on one monotonic clock.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from statistics import quantiles
from typing import Any

import httpx
from pydantic_core import from_json

from services.replay.client import Client

Key = tuple[str, str]
RECONNECT_S = 0.2
OPEN_LIMIT_S = 30.0
ARRIVAL_LIMIT_S = 10.0
"""So long the last samples are waited for; what is not seen by then is told as missing."""


class LagSampler:
    """Matches what was sent with what is seen, by place and item.

    Not sampled are items that an online order of the week touches (`ordered`: their levels change for other reasons
    too), and those whose last change has not been seen yet.
    """

    def __init__(self, client: Client, ordered: Collection[Key]) -> None:
        self._client = client
        self._ordered = ordered
        self._sent_at: dict[Key, float] = {}
        self._position = ""
        self._opened = asyncio.Event()
        self._oversold: set[Key] = set()
        self.lags_s: list[float] = []
        self.oversold = 0
        self.levels_seen = 0

    def sent(self, location_id: str, skus: Sequence[str]) -> list[Key]:
        """To be called right before sending; answers the samples taken."""
        now = time.monotonic()
        keys = {(location_id, sku) for sku in skus}
        fresh = [key for key in keys if key not in self._ordered and key not in self._sent_at]
        self._sent_at.update(dict.fromkeys(fresh, now))
        return fresh

    def withdraw(self, keys: Sequence[Key]) -> None:
        """These were in effect before they were sent, or never: no change will be seen."""
        for key in keys:
            self._sent_at.pop(key, None)

    @property
    def unseen(self) -> int:
        return len(self._sent_at)

    def percentiles_ms(self) -> tuple[float, float] | None:
        """Median and 99th percentile in milliseconds; None with too few samples."""
        if len(self.lags_s) < 2:
            return None
        cuts = quantiles(self.lags_s, n=100, method="inclusive")
        return cuts[49] * 1_000, cuts[98] * 1_000

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Watch the stream while the context is open; on leaving, wait a moment for what is on its way."""
        task = asyncio.create_task(self._watch(), name="stream")
        try:
            async with asyncio.timeout(OPEN_LIMIT_S):
                await self._opened.wait()
            yield
            with suppress(TimeoutError):
                async with asyncio.timeout(ARRIVAL_LIMIT_S):
                    while self._sent_at:  # noqa: ASYNC110 - it is emptied one by one
                        await asyncio.sleep(0.01)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _watch(self) -> None:
        while True:
            with suppress(httpx.TransportError):  # it is away: come back and go on where we were
                await self._follow()
            await asyncio.sleep(RECONNECT_S)

    async def _follow(self) -> None:
        headers = {"Authorization": f"Bearer {self._client.token('operator')}", "Accept": "text/event-stream"}
        if self._position:
            headers["Last-Event-ID"] = self._position
        timeout = httpx.Timeout(OPEN_LIMIT_S, read=None)
        async with self._client.streams.stream(
            "GET", "/inventory/v1/stream", headers=headers, timeout=timeout
        ) as stream:
            if not stream.is_success:
                return
            self._opened.set()
            async for line in stream.aiter_lines():
                field, _, value = line.partition(":")
                if field == "data":
                    self._see(from_json(value))
                elif field == "id":
                    self._position = value.strip()

    def _see(self, level: dict[str, Any]) -> None:
        key = (level["location_id"], level["sku"])
        self.levels_seen += 1
        sent_at = self._sent_at.pop(key, None)
        if sent_at is not None:
            self.lags_s.append(time.monotonic() - sent_at)
        if level["on_hand"] >= level["reserved"]:
            self._oversold.discard(key)
        elif level["reserved"] and key not in self._oversold:
            self._oversold.add(key)
            self.oversold += 1
