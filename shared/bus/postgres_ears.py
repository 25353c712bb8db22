"""How a reader of the log in PostgreSQL gets its records: by asking, or from this very process, which appended them.

What a process appends is handed to its own readers once it has committed, with its place in the log. A reader that
stands exactly there takes it, and asks PostgreSQL for nothing.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from itertools import count
from typing import Any, NamedTuple

from pydantic_core import from_json

from shared.bus import postgres_sql as sql
from shared.bus.base import Message, Offsets, Partition, Record

_POLL_S = 2.0
_PAGE_BYTES_LIMIT = 16 * 1024 * 1024
_PAGE_BATCHES_LIMIT = 64
"""Of one partition; so many rows are looked at before the limits of records and bytes are drawn."""
_HANDED_LIMIT = 1_000
"""So many records are kept for a reader that does not come for them; then it has to ask."""


class Appended(NamedTuple):
    """What was appended together, as it lies in the log from `first_offset` on."""

    partition: Partition
    first_offset: int
    messages: Sequence[Message]

    @property
    def next_offset(self) -> int:
        return self.first_offset + len(self.messages)

    def records(self) -> Iterable[Record]:
        return map(Record, [self.partition] * len(self.messages), count(self.first_offset), self.messages)


class Ear:
    """A dedicated connection to read with, woken by what is appended to its places or, for a member, who comes or goes.

    A place is `topic/number`.
    """

    def __init__(self, connection: Any, group: str | None = None) -> None:
        self.connection = connection
        self.places: Collection[str] = ()
        self.regrouped = True
        self._group = group
        self._woken = asyncio.Event()
        self._must_ask = True
        self._handed: deque[Appended] = deque()
        self._handed_records = 0

    @property
    def is_through(self) -> bool:
        """Whether everything there was has been read, and nothing has been heard since."""
        return not self._must_ask and not self._handed

    def hear_appended(self, place: str) -> None:
        """Something was appended there by somebody else; to any place, where it is empty."""
        if not place or place in self.places:
            self.wake()

    def hand(self, place: str, appended: Appended) -> None:
        """This process has appended that there, and it is committed."""
        if place not in self.places:
            return
        self._handed.append(appended)
        self._handed_records += len(appended.messages)
        if self._handed_records > _HANDED_LIMIT:
            self._give_back()
            self._must_ask = True
        self._woken.set()

    def hear_regrouped(self, group: str) -> None:
        """Somebody came to the group or left it; to any group, where it is empty."""
        if not group or group == self._group:
            self.regrouped = True
            self.wake()

    def wake(self) -> None:
        """Let `wait` return, now or when it is next called, and ask then."""
        self._must_ask = True
        self._woken.set()

    async def wait(self) -> None:
        """Until it is woken, or the poll's turn has come."""
        # Not asyncio.wait_for: in Python 3.11 it loses a cancellation that comes together with the event.
        try:
            async with asyncio.timeout(_POLL_S):
                await self._woken.wait()
        except TimeoutError:
            self._must_ask = True
        self._woken.clear()

    async def page(self, start: Offsets, stop: Offsets, limit: int) -> list[Record]:
        """The next records, at most `limit`; each partition gives its first batch before any gives its second."""
        records = self._take_handed(start, limit) if not self._must_ask and not stop else None
        return await self._ask(start, stop, limit) if records is None else records

    def _take_handed(self, start: Offsets, limit: int) -> list[Record] | None:
        """What was handed; None where it does not follow on what was read, or is too much at once."""
        positions = dict(start)
        records: list[Record] = []
        for appended in self._handed:
            position = positions.get(appended.partition)
            if position is not None and position >= appended.next_offset:
                continue
            if position != appended.first_offset:
                return None
            positions[appended.partition] = appended.next_offset
            records += appended.records()
        if len(records) > limit:
            return None
        self._give_back()
        return records

    def _give_back(self) -> None:
        self._handed.clear()
        self._handed_records = 0

    async def _ask(self, start: Offsets, stop: Offsets, limit: int) -> list[Record]:
        # What is heard from here on may come too late for this look. What was handed before is found by it.
        self._must_ask = False
        self._give_back()
        try:
            rows = await self.connection.fetch(
                sql.PAGE,
                [partition.topic for partition in start],
                [partition.number for partition in start],
                list(start.values()),
                [stop.get(partition, sql.FOREVER) for partition in start],
                limit,
                _PAGE_BYTES_LIMIT,
                _PAGE_BATCHES_LIMIT,
            )
        except BaseException:
            self._must_ask = True
            raise
        records = _records_of(rows, start, stop)
        size = sum(len(record.message.value) for record in records)
        if len(records) >= limit or len(rows) >= _PAGE_BATCHES_LIMIT or size >= _PAGE_BYTES_LIMIT:
            self._must_ask = True
        return records[:limit]


OpenEar = Callable[[str], Awaitable[Ear]]


def _records_of(rows: Iterable[Any], start: Offsets, stop: Offsets) -> list[Record]:
    records: list[Record] = []
    for topic, number, first_offset, *batch in rows:
        partition = Partition(topic, number)
        first, last = start[partition], stop.get(partition, sql.FOREVER)
        records += [
            Record(partition, offset, Message(topic, key, from_json(headers), body))
            for offset, key, headers, body in zip(count(first_offset), *batch, strict=False)
            if first <= offset < last
        ]
    return records


def place_of(partition: Partition) -> str:
    return f"{partition.topic}/{partition.number}"
