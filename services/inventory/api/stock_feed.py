"""The live feed of levels: one reader of `zaiko.stock` per process, handed on to every open stream.

A position is the offset to read next in each partition. Who comes back with one first gets what it missed from the
log, up to where the feed stood when it joined, and then goes on live: nothing is left out, nothing comes twice.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field

import structlog

from shared.bus.base import Bus, BusUnavailable, Offsets, Partition, Record
from shared.contracts.stock import LEVEL_CHANGED, TOPIC, LevelChanged
from shared.errors import InvalidRequest, Overloaded
from shared.telemetry import STREAM_CLIENTS

STREAMS_LIMIT = 1_000
BACKLOG_LIMIT = 20_000
"""A stream that falls further behind is ended; its client resumes from its last position."""
RETRY_S = 0.5
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Filter:
    location_id: str | None
    sku: str | None

    def takes(self, key: str) -> bool:
        """Whether it asks for the shelf of this key, `location_id/sku`."""
        location_id, _, sku = key.partition("/")
        return self.location_id in (None, location_id) and self.sku in (None, sku)


@dataclass(slots=True, eq=False)
class _Listener:
    """An open stream; `joined` is where the feed stood when it came."""

    filter: Filter
    joined: Offsets | None
    backlog: asyncio.Queue[tuple[str, LevelChanged] | None] = field(
        default_factory=lambda: asyncio.Queue(BACKLOG_LIMIT + 1)
    )


class StockFeed:
    """Reads the topic while somebody listens."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._position: dict[Partition, int] | None = None
        self._is_wanted = asyncio.Event()
        self._is_on = asyncio.Event()
        self._listeners: set[_Listener] = set()

    async def run(self) -> None:
        """Serve the streams until cancelled."""
        while True:
            await self._is_wanted.wait()
            try:
                await self._follow_the_topic()
            except BusUnavailable as error:
                log.warning("stock_feed.bus_unavailable", error=str(error))
                await asyncio.sleep(RETRY_S)

    async def _follow_the_topic(self) -> None:
        """From its end, or from where a fault of the bus left off, until nobody listens any more."""
        if self._position is None:
            self._position = dict(await self._bus.end_offsets(TOPIC))
            for listener in self._listeners:
                listener.joined = dict(self._position)
            self._is_on.set()
        records = self._bus.read(TOPIC, dict(self._position))
        async with aclosing(records):  # type: ignore[type-var]
            async for record in records:
                if not self._listeners:
                    self._position = None
                    self._is_on.clear()
                    self._is_wanted.clear()
                    return
                self._hand_on(record, self._position)

    def _hand_on(self, record: Record, position: dict[Partition, int]) -> None:
        position[record.partition] = record.offset + 1
        key = record.message.key
        listeners = [listener for listener in self._listeners if listener.filter.takes(key)]
        level = _level(record) if listeners else None
        if level is None:
            return
        member = (encode(position), level)
        for listener in listeners:
            if listener.backlog.qsize() >= BACKLOG_LIMIT:
                self._listeners.discard(listener)
                listener.backlog.put_nowait(None)
            else:
                listener.backlog.put_nowait(member)

    async def follow(self, wanted: Filter, resume: str | None) -> AsyncIterator[tuple[str, LevelChanged]]:
        """Positions and levels, from `resume` or from now on. Raises Overloaded, or InvalidRequest for no position."""
        start = decode(resume) if resume else None
        with self._listening(wanted) as listener:
            await self._is_on.wait()
            joined = listener.joined
            if start is not None and joined is not None:
                position = {**dict.fromkeys(joined, 0), **start}
                async for record in self._bus.read(TOPIC, start, joined):
                    position[record.partition] = record.offset + 1
                    level = _level(record) if wanted.takes(record.message.key) else None
                    if level is not None:
                        yield encode(position), level
            while (member := await listener.backlog.get()) is not None:
                yield member

    @contextmanager
    def _listening(self, wanted: Filter) -> Iterator[_Listener]:
        if len(self._listeners) >= STREAMS_LIMIT:
            raise Overloaded("streams", retry_after_s=5)
        listener = _Listener(wanted, None if self._position is None else dict(self._position))
        self._listeners.add(listener)
        self._is_wanted.set()
        STREAM_CLIENTS.inc()
        try:
            yield listener
        finally:
            self._listeners.discard(listener)
            STREAM_CLIENTS.dec()


def _level(record: Record) -> LevelChanged | None:
    message = record.message
    if message.headers.get("ce_type") != LEVEL_CHANGED.name:
        return None
    return LevelChanged.model_validate_json(message.value)


def encode(position: Offsets) -> str:
    """Offsets of partitions 0, 1, 2… as text, like `12.0.7`."""
    return ".".join(str(offset) for _, offset in sorted(position.items()))


def decode(position: str) -> Offsets:
    try:
        offsets = [int(part) for part in position.split(".")]
    except ValueError as error:
        raise InvalidRequest("/headers/last-event-id", "not a position of this stream") from error
    return {Partition(TOPIC, number): offset for number, offset in enumerate(offsets)}
