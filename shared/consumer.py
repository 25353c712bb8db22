"""The consumer: applies a batch of events and stores its offset in the same transaction, so each counts exactly once.

The offset is stored by compare-and-set on what this member last stored, at the transaction's end. A member that was
declared dead and lives on finds another value there, is fenced, and its transaction rolls back.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, Generic, NamedTuple, TypeVar

import structlog
from pydantic import BaseModel, ValidationError

from shared import dead_letters
from shared.background import every, running
from shared.bus.base import Bus, BusUnavailable, Offsets, Partition, Record, Subscription
from shared.contracts.event import Event, MalformedEvent, from_message, pointer
from shared.contracts.registry import EVENT_TYPES
from shared.database import Database, Transaction, is_transient, savepoint
from shared.dead_letters import DeadLetter
from shared.errors import DomainError, Fenced
from shared.statements import Statement, Writes, gathered
from shared.telemetry import CONSUMED, CONSUMER_RETRIES

DataT = TypeVar("DataT", bound=BaseModel)
log = structlog.get_logger(__name__)

ATTEMPTS = 3
"""So often a batch is tried as a whole before the event that breaks it is looked for and put aside."""
PASS_S = 0.5
"""Pause between two stores of how far events were passed over."""
RETRY_S = 0.2
RETRY_LIMIT_S = 5.0
FETCH_LIMIT = 250
"""Records in one transaction: more save little, and hold up everything else that this process does."""


class Received(NamedTuple, Generic[DataT]):
    """An event with its data, validated."""

    event: Event
    data: DataT


Reading = Received[Any] | DeadLetter
"""What became of reading an event: its data, or why there is none."""

Apply = Callable[[Transaction, Sequence[Received[Any]]], Awaitable[None]]
"""A use case as the bus calls it: fills the transaction; raises DomainError for what can never take effect."""
Routes = Mapping[str, Apply]
"""Event type → use case. Known types without a route are passed over; unknown ones are dead letters."""
Needs = Callable[[], Awaitable[bool]]
"""Asked after a fetch: whether there is anybody for whom it is to be applied."""

_KNOW = Statement(
    """
    INSERT INTO consumer_offsets (consumer, topic, partition, next_offset)
    SELECT :consumer, topic, number, 0
    FROM unnest(CAST(:topics AS text[]), CAST(:numbers AS integer[])) AS owned (topic, number)
    ON CONFLICT DO NOTHING
    """
)
_LOAD = Statement(
    """
    SELECT topic, partition, next_offset FROM consumer_offsets
    JOIN unnest(CAST(:topics AS text[]), CAST(:numbers AS integer[])) AS owned (topic, partition)
        USING (topic, partition)
    WHERE consumer = :consumer
    """
)
_ADVANCE = Statement(
    """
    UPDATE consumer_offsets AS stored SET next_offset = step.next
    FROM unnest(CAST(:topics AS text[]), CAST(:numbers AS integer[]),
        CAST(:expected AS bigint[]), CAST(:next AS bigint[])) AS step (topic, partition, expected, next)
    WHERE stored.consumer = :consumer AND stored.topic = step.topic AND stored.partition = step.partition
        AND stored.next_offset = step.expected
    """
)


class Consumer:
    """One consumer group's member in this process: reads topics, applies batches through the routes.

    Events with a key that does not concern it are passed over unread, and so is all of a fetch after which nobody
    `needs` it. With `pause_s` between two fetches it reads in larger pieces: for topics of which little concerns it,
    and that little is not waited for.
    """

    def __init__(
        self,
        name: str,
        bus: Bus,
        database: Database,
        topics: Sequence[str],
        routes: Routes,
        concerns: Callable[[str], bool] = lambda key: True,
        pause_s: float = 0.0,
        needs: Needs | None = None,
    ) -> None:
        self.name = name
        self.behind = asyncio.Event()
        """Set by every fetch that took all it may; cleared by whoever looks at it."""
        self._bus = bus
        self._database = database
        self._topics = topics
        self._routes = routes
        self._key_concerns = concerns
        self._pause_s = pause_s
        self._needs = needs
        self._offsets: dict[Partition, int] = {}
        self._passed: dict[Partition, int] = {}
        self._storing = asyncio.Lock()

    async def run(self) -> None:
        """Consume until cancelled; a bus or database that is away is waited for."""
        while True:
            try:
                subscribed = self._bus.subscribe(self.name, self._topics, self._load_offsets, limit=FETCH_LIMIT)
                async with subscribed as subscription, running(passing=every(PASS_S, self._store_passed)):
                    while True:
                        records = await subscription.fetch()
                        if len(records) >= FETCH_LIMIT:
                            self.behind.set()
                        await self._take(subscription, records)
                        if self._pause_s:
                            await asyncio.sleep(self._pause_s)
            except Exception as error:
                if not isinstance(error, BusUnavailable) and not is_transient(error):
                    raise
                log.warning("consumer.waiting", consumer=self.name, error=str(error))
                await asyncio.sleep(RETRY_S)

    async def _load_offsets(self, partitions: Iterable[Partition]) -> Offsets:
        owned = list(partitions)
        parameters = {
            "consumer": self.name,
            "topics": [partition.topic for partition in owned],
            "numbers": [partition.number for partition in owned],
        }
        async with self._database.transaction() as transaction:
            await _KNOW.run(transaction, **parameters)
            rows = await _LOAD.rows(transaction, **parameters)
        stored = {Partition(row.topic, row.partition): row.next_offset for row in rows}
        self._offsets.update(stored)
        for partition in stored:
            self._passed.pop(partition, None)
        return stored

    async def _take(self, subscription: Subscription, records: Sequence[Record]) -> None:
        """Apply the records, whatever it takes: faults are retried, poison is put aside, fencing starts over."""
        failures = 0
        while True:
            stored = self._offsets | self._passed
            fresh = [record for record in records if record.offset >= stored[record.partition]]
            if not fresh:
                return
            try:
                await self._apply(fresh, one_by_one=failures >= ATTEMPTS)
                return
            except Fenced:
                self._passed.clear()
                await subscription.rewind()
                return
            except Exception as error:
                if isinstance(error, DomainError):
                    failures = ATTEMPTS
                elif not is_transient(error):
                    failures += 1
                CONSUMER_RETRIES.labels(self.name).inc()
                log.warning("consumer.retry", consumer=self.name, failures=failures, exc_info=error)
                await asyncio.sleep(min(RETRY_S * 2**failures, RETRY_LIMIT_S))

    async def _apply(self, records: Sequence[Record], *, one_by_one: bool) -> None:
        """Apply the records in one transaction."""
        steps = {record.partition: record.offset + 1 for record in records}
        routed = [record for record in records if self._concerns(record)]
        if routed and (self._needs is None or await self._needs()):
            async with self._storing:
                steps = self._passed | steps
                async with self._database.transaction() as transaction:
                    await self._dispatch(transaction, routed, one_by_one=one_by_one)
                    self._advance(gathered(transaction), steps)
                self._move_to(steps)
        else:
            self._passed |= steps
        CONSUMED.labels(self.name).inc(len(records))

    async def _store_passed(self) -> None:
        """What was passed over had no effect, so its offset may wait: nothing is lost by passing it over again."""
        async with self._storing:
            steps = dict(self._passed)
            if steps:
                try:
                    async with self._database.transaction() as transaction:
                        self._advance(gathered(transaction), steps)
                    self._move_to(steps)
                except Fenced:  # somebody else's now; the next event that has an effect here finds out
                    self._passed.clear()

    def _move_to(self, steps: Mapping[Partition, int]) -> None:
        self._offsets.update(steps)
        for partition, offset in steps.items():
            if self._passed.get(partition, 0) <= offset:
                self._passed.pop(partition, None)

    def _concerns(self, record: Record) -> bool:
        """Whether the event has a use case here, or must be looked at because it may be a dead letter."""
        kind = record.message.headers.get("ce_type")
        return (kind in self._routes and self._key_concerns(record.message.key)) or kind not in EVENT_TYPES

    def _advance(self, writes: Writes, steps: Mapping[Partition, int]) -> None:
        partitions = sorted(steps)
        writes.demand(
            len(partitions),
            Fenced(f"another member of {self.name} has moved on"),
            _ADVANCE,
            consumer=self.name,
            topics=[partition.topic for partition in partitions],
            numbers=[partition.number for partition in partitions],
            expected=[self._offsets[partition] for partition in partitions],
            next=[steps[partition] for partition in partitions],
        )

    async def _dispatch(self, transaction: Transaction, records: Sequence[Record], *, one_by_one: bool) -> None:
        letters: list[DeadLetter] = []
        readable: list[tuple[str, Received[Any]]] = []
        for record in records:
            read = _read(record)
            if isinstance(read, DeadLetter):
                letters.append(read)
            else:
                readable.append((record.partition.topic, read))
        for apply, run in groupby(readable, key=lambda member: self._routes.get(member[1].event.type)):
            if apply is not None and one_by_one:
                letters += await _apply_each(transaction, apply, list(run))
            elif apply is not None:
                await apply(transaction, [received for _, received in run])
        await dead_letters.keep(transaction, letters)


def _read(record: Record) -> Reading:
    message = record.message
    if len(message.value) > dead_letters.EVENT_BYTES_LIMIT:
        return _nameless(
            record, "event_too_large", f"more than {dead_letters.EVENT_BYTES_LIMIT} bytes: send it in parts"
        )
    try:
        event = from_message(message.headers, message.key, message.value)
    except MalformedEvent as error:
        return _nameless(record, "malformed_event", str(error))
    return read_event(record.partition.topic, event)


def _nameless(record: Record, code: str, detail: str) -> DeadLetter:
    """What has no identity of its own has one by its place in the log."""
    (topic, number), message = record.partition, record.message
    source = f"/topics/{topic}/{number}"
    event = Event(str(record.offset), source, "unknown", datetime.now(UTC), message.key, message.value)
    return DeadLetter(topic, event, code, detail, message.headers)


def read_event(topic: str, event: Event) -> Reading:
    """The event's data by the model of its type."""
    kind = EVENT_TYPES.get(event.type)
    if kind is None:
        return DeadLetter(topic, event, "unknown_event_type", f"/type: no event type {event.type} is known")
    try:
        return Received(event, kind.read(event))
    except ValidationError as error:
        return DeadLetter(topic, event, "invalid_event", explain(error))


async def _apply_each(
    transaction: Transaction, apply: Apply, members: Sequence[tuple[str, Received[Any]]]
) -> list[DeadLetter]:
    """Each event in a savepoint of its own; what fails alone is the poison."""
    letters = []
    for topic, received in members:
        try:
            async with savepoint(transaction):
                await apply(transaction, [received])
        except DomainError as error:
            letters.append(DeadLetter(topic, received.event, error.code, error.detail))
        except Exception as error:
            if is_transient(error):
                raise
            log.error("consumer.poison", event_id=received.event.id, source=received.event.source, exc_info=error)
            letters.append(dead_letters.unexpected(topic, received.event, error))
    return letters


def explain(error: ValidationError) -> str:
    """The first fault of a validation in words, led by its JSON Pointer."""
    first = error.errors(include_url=False, include_context=False)[0]
    return f"{pointer(first['loc'])}: {first['msg']}"
