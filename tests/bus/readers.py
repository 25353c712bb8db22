"""A reader as the services have them: it stores its offsets by compare-and-set, and so is fenced when it is late."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress

from shared.bus.base import Bus, BusUnavailable, Offsets, Partition, Record

_RETRY_S = 0.05


class Books:
    """What a group's members share: the stored offsets and, in the same step, what took effect."""

    def __init__(self) -> None:
        self.offsets: dict[Partition, int] = {}
        self.applied: list[Record] = []

    @property
    def values(self) -> list[bytes]:
        return [record.message.value for record in self.applied]


class Reader:
    """One member: fetches, applies, counts how often it was fenced."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._expected: dict[Partition, int] = {}
        self.partitions: set[Partition] = set()
        self.fenced = 0

    async def load_offsets(self, partitions: Iterable[Partition]) -> Offsets:
        stored = {partition: self._books.offsets.get(partition, 0) for partition in partitions}
        self._expected |= stored
        return stored

    async def run(self, bus: Bus, group: str, topics: Sequence[str]) -> None:
        async with bus.subscribe(group, topics, self.load_offsets) as subscription:
            while True:
                try:
                    records = await subscription.fetch()
                except BusUnavailable:
                    await asyncio.sleep(_RETRY_S)
                else:
                    if not self._apply(records):
                        self.fenced += 1
                        await subscription.rewind()

    def _apply(self, records: Sequence[Record]) -> bool:
        after = {record.partition: record.offset + 1 for record in records}
        self.partitions |= after.keys()
        if any(self._books.offsets.get(partition, 0) != self._expected[partition] for partition in after):
            return False
        self._books.offsets |= after
        self._expected |= after
        self._books.applied += records
        return True


@asynccontextmanager
async def reading(bus: Bus, group: str, topics: Sequence[str], books: Books) -> AsyncIterator[Reader]:
    """A member that reads while the context is open, and then leaves politely."""
    reader = Reader(books)
    task = asyncio.create_task(reader.run(bus, group, topics))
    try:
        yield reader
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
