"""Members of groups on Kafka: the broker shares the partitions, the reader's own books say where each continues."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, Protocol

import structlog

from shared.bus.base import BusUnavailable, LoadOffsets, Partition, Record

_HANDOVER_LIMIT_S = 10.0

_log = structlog.get_logger(__name__)


class GroupConsumer(Protocol):
    """A client that the broker knows as a member; a Member is what hears of its rebalances."""

    def assignment(self) -> set[Partition]: ...

    def seek(self, offsets: Mapping[Partition, int]) -> None: ...

    async def poll(self, limit: int) -> Sequence[Record]:
        """What there is, at most `limit`, or nothing after a while. Raises BusUnavailable."""
        ...

    async def close(self) -> None: ...


OpenConsumer = Callable[["Member"], Awaitable[GroupConsumer]]


class Member:
    """One member of a group. A rebalance has two ends, and what is read between them is read again after it."""

    def __init__(self, open_consumer: OpenConsumer, group: str, load_offsets: LoadOffsets, limit: int) -> None:
        self._open_consumer = open_consumer
        self._group = group
        self._load_offsets = load_offsets
        self._limit = limit
        self._consumer: GroupConsumer | None = None
        self._positioned: set[Partition] = set()
        self._ends_seen = 0
        self._settled = False
        self._nothing_in_hand = asyncio.Event()
        self._nothing_in_hand.set()

    async def fetch(self) -> Sequence[Record]:
        self._nothing_in_hand.set()
        while True:
            consumer = await self.join()
            ends_seen = self._ends_seen
            if self._settled:
                await self._seek(consumer)
            try:
                records = await consumer.poll(self._limit)
            except BusUnavailable:
                await self.leave()
                raise
            if records and self._settled and ends_seen == self._ends_seen:
                self._nothing_in_hand.clear()
                return records

    async def rewind(self) -> None:
        self._positioned.clear()

    async def join(self) -> GroupConsumer:
        """Be a member. Raises BusUnavailable."""
        if self._consumer is None:
            self._consumer = await self._open_consumer(self)
        return self._consumer

    async def leave(self) -> None:
        """Hand the partitions back."""
        self._nothing_in_hand.set()
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await consumer.close()
        self._unsettle()

    async def on_partitions_revoked(self, revoked: Collection[Any]) -> None:
        """The first end: hold the handover up until the batch in hand is done with, though not for ever."""
        self._unsettle()
        try:
            async with asyncio.timeout(_HANDOVER_LIMIT_S):
                await self._nothing_in_hand.wait()
        except TimeoutError:  # the next owner gets ahead of this batch, and the stored offsets will fence it
            _log.warning("bus.handed_over_unfinished", group=self._group, after_s=_HANDOVER_LIMIT_S)

    async def on_partitions_assigned(self, assigned: Collection[Any]) -> None:
        """The second end: from here on `assignment` is valid."""
        self._unsettle()
        self._settled = True

    def _unsettle(self) -> None:
        self._ends_seen += 1
        self._settled = False
        self._positioned.clear()

    async def _seek(self, consumer: GroupConsumer) -> None:
        missing = consumer.assignment() - self._positioned
        if not missing:
            return
        ends_seen = self._ends_seen
        stored = await self._load_offsets(missing)
        if ends_seen == self._ends_seen:
            consumer.seek({partition: stored.get(partition, 0) for partition in missing})
            self._positioned |= missing
