"""The live feed of levels: one reader of `zaiko.stock` per process, handed on to every open stream.

Who comes back with a position first gets what it missed from the log, up to where the feed stood when it joined, and
then goes on live: nothing is left out, nothing comes twice. Feeds of several processes stand at different places, so a
position may be ahead of this one's.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field

import structlog

from services.inventory.api.positions import START, Position, encode, not_a_position
from shared.bus.base import Bus, BusUnavailable, Offsets, Partition, Record
from shared.contracts.stock import LEVEL_CHANGED, TOPIC
from shared.errors import Overloaded
from shared.telemetry import STREAM_CLIENTS

STREAMS_LIMIT = 1_000
BACKLOG_LIMIT = 20_000
"""A stream that falls further behind is ended; its client resumes from its last position."""
CATCH_UPS_LIMIT = 8
"""So many streams read the log for what they missed at once, each on a connection of its own; others wait."""
PAGE = 2_000
"""So many levels are read, or told, in one turn."""
SNAPSHOTS_LIMIT = 4
"""So many snapshots are read at once; others wait for their turn."""
RETRY_S = 0.5
log = structlog.get_logger(__name__)

Told = tuple[str, str]
"""A position, and the `LevelChanged` before it, as JSON."""


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
    """An open stream; `start` is what its reader has got, `joined` where the feed stood when it came."""

    filter: Filter
    start: Position
    joined: Offsets | None
    backlog: asyncio.Queue[tuple[Offsets, str] | None] = field(default_factory=lambda: asyncio.Queue(BACKLOG_LIMIT + 1))

    def takes(self, record: Record) -> bool:
        return self.filter.takes(record.message.key) and not self.start.has(record)

    async def waiting(self) -> list[tuple[Offsets, str] | None]:
        """What waits, once something does; None is the end."""
        first = await self.backlog.get()
        return [first, *(self.backlog.get_nowait() for _ in range(min(self.backlog.qsize(), PAGE - 1)))]

    def told(self, member: tuple[Offsets, str]) -> Told:
        offsets, level = member
        return encode(self.start.advanced_to(offsets)), level


class StockFeed:
    """Reads the topic while somebody listens."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._position: dict[Partition, int] | None = None
        self._is_wanted = asyncio.Event()
        self._is_on = asyncio.Event()
        self._listeners: set[_Listener] = set()
        self._catching_up = asyncio.Semaphore(CATCH_UPS_LIMIT)
        self.snapshots = asyncio.Semaphore(SNAPSHOTS_LIMIT)

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
        listeners = [listener for listener in self._listeners if listener.takes(record)]
        level = _level(record) if listeners else None
        if level is None:
            return
        member = (dict(position), level)
        for listener in listeners:
            if listener.backlog.qsize() >= BACKLOG_LIMIT:
                self._listeners.discard(listener)
                listener.backlog.put_nowait(None)
            else:
                listener.backlog.put_nowait(member)

    async def end(self) -> Offsets:
        """Where the log ends. Raises BusUnavailable."""
        return await self._bus.end_offsets(TOPIC)

    async def admit(self, resume: Position) -> None:
        """Whether a stream may begin there. Raises Overloaded; InvalidRequest where the log does not come so far."""
        if len(self._listeners) >= STREAMS_LIMIT:
            raise Overloaded("streams", retry_after_s=5)
        if not resume.is_within(self._position or {}) and not resume.is_within(await self.end()):
            raise not_a_position()

    async def follow(self, wanted: Filter, resume: Position | None) -> AsyncIterator[Sequence[Told]]:
        """What is to be told, from `resume` or from now on, as much at once as there is. Raises Overloaded."""
        with self._listening(wanted, resume or START) as listener:
            await self._is_on.wait()
            if resume is not None:
                async for missed in self._missed(listener):
                    yield missed
            is_open = True
            while is_open:
                waiting = await listener.waiting()
                is_open = None not in waiting
                yield [listener.told(member) for member in waiting if member is not None]

    async def _missed(self, listener: _Listener) -> AsyncIterator[Sequence[Told]]:
        """What is in the log from the listener's start up to where it joined."""
        joined = listener.joined or {}
        reached = {partition: listener.start.offsets.get(partition, 0) for partition in joined}
        while any(reached[partition] < offset for partition, offset in joined.items()):
            page = await self._page(listener, reached, joined)
            yield page
            if len(page) < PAGE:
                return

    async def _page(self, listener: _Listener, reached: dict[Partition, int], joined: Offsets) -> list[Told]:
        """The next of what is missed; `reached` moves on. No client, however slow, is waited for in here."""
        page: list[Told] = []
        records = self._bus.read(TOPIC, dict(reached), joined)
        async with self._catching_up, aclosing(records):  # type: ignore[type-var]
            async for record in records:
                reached[record.partition] = record.offset + 1
                level = _level(record) if listener.takes(record) else None
                if level is not None:
                    page.append((encode(Position(reached, listener.start.snapshot)), level))
                if len(page) == PAGE:
                    break
        return page

    @contextmanager
    def _listening(self, wanted: Filter, start: Position) -> Iterator[_Listener]:
        if len(self._listeners) >= STREAMS_LIMIT:
            raise Overloaded("streams", retry_after_s=5)
        listener = _Listener(wanted, start, None if self._position is None else dict(self._position))
        self._listeners.add(listener)
        self._is_wanted.set()
        STREAM_CLIENTS.inc()
        try:
            yield listener
        finally:
            self._listeners.discard(listener)
            STREAM_CLIENTS.dec()


def _level(record: Record) -> str | None:
    """The level as the log has it: what inventory has written is told as it stands, to however many streams."""
    message = record.message
    return message.value.decode() if message.headers.get("ce_type") == LEVEL_CHANGED.name else None
