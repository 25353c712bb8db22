"""The bus as a log in PostgreSQL: the embedded default, without a broker.

A publish is one call of `bus.append`: it locks the partitions it touches in key order, so that offsets become
visible in order and without gaps; readers are notified once it has committed. A service in the same database appends
within its own transactions. Members of a group share its partitions
by advisory locks of their connections: who dies loses its connection, and with it the locks, so there is no
heartbeat to tune. The locks are for sharing only; that an event takes effect once is the reader's own
compare-and-set on its stored offset.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from functools import partial
from itertools import chain
from typing import Any, NamedTuple
from weakref import WeakSet

import asyncpg
import structlog
from pydantic_core import to_json

from shared.background import running
from shared.bus import postgres_sql as sql
from shared.bus.base import (
    BusUnavailable,
    LoadOffsets,
    Log,
    Message,
    Offsets,
    Partition,
    Record,
    Subscription,
)
from shared.bus.partitioning import partition_of
from shared.bus.postgres_ears import Appended, Ear, place_of
from shared.bus.postgres_members import Member, connection_faults, lock_key
from shared.contracts.registry import TOPICS, Topic
from shared.notifications import Notifications
from shared.statements import Statement, Writes

RETENTION = timedelta(days=7)
"""Nothing younger is ever pruned, neither by age nor by compaction."""

_POOL_LIMIT = 4
_PRUNE_EVERY_S = 3_600.0
_READ_RECORDS_LIMIT = 1_000

_CONNECTION: Mapping[str, Any] = {
    "timeout": 20.0,  # seconds to connect: a loaded server forks slowly, and a caller that gives up only adds to it
    "command_timeout": 30.0,  # seconds for a statement
    "server_settings": {
        "application_name": "zaiko-bus",
        "jit": "off",
        # A host that disappears without a word gives up its locks within about ten seconds.
        "tcp_keepalives_idle": "5",
        "tcp_keepalives_interval": "2",
        "tcp_keepalives_count": "3",
    },
}

_APPEND = Statement(sql.APPEND_CALL)
_log = structlog.get_logger(__name__)


class PostgresBus:
    """The bus in schema `bus` of one database; it makes its tables itself.

    `database_url` is a PostgreSQL URI (a socket directory as `?host=/dir`) of the server itself: a pooler that
    shares sessions between clients would share their locks too. `partitions` counts for topics that do not exist
    yet; a topic keeps the number it was made with, because keys would change places otherwise.
    """

    def __init__(self, database_url: str, *, topics: Mapping[str, Topic] = TOPICS, partitions: int = 8) -> None:
        self._database_url = database_url
        self._topics = topics
        self._new_partitions = partitions
        self._partitions: dict[str, list[Partition]] = {}
        self._pool: Any = None
        self._ears: WeakSet[Ear] = WeakSet()  # an ear lives as long as its reader
        self._listens = False
        self.notifications = Notifications(database_url)
        self._background = AsyncExitStack()

    def _on_appended(self, place: str) -> None:
        for ear in self._ears:
            ear.hear_appended(place)

    def _on_regrouped(self, group: str) -> None:
        for ear in self._ears:
            ear.hear_regrouped(group)

    async def start(self) -> None:
        """Connect, and make what is missing. Raises BusUnavailable."""
        with connection_faults():
            pool = await asyncpg.create_pool(
                self._database_url, min_size=1, max_size=_POOL_LIMIT, reset=_leave_as_it_is, **_CONNECTION
            )
            try:
                rows = await self._make_log(pool)
            except BaseException:
                pool.terminate()
                raise
        self._pool = pool
        self._partitions = {topic: [Partition(*row) for row in rows if row[0] == topic] for topic in self._topics}
        await self._background.enter_async_context(
            running(notifications=self.notifications.run, pruning=self._prune_now_and_then)
        )

    async def _make_log(self, pool: Any) -> list[Any]:
        """Whoever starts first makes the tables and the topics' partitions; answers all partitions there are."""
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute(sql.LOCK_SCHEMA, lock_key("schema"))
            await connection.execute(sql.SCHEMA)
            await connection.execute(sql.CREATE_PARTITIONS, list(self._topics), self._new_partitions)
            rows: list[Any] = await connection.fetch(sql.PARTITIONS)
            return rows

    async def stop(self) -> None:
        await self._background.aclose()
        if self._pool is not None:
            self._pool.terminate()  # a publish under way is undone, and its caller hears BusUnavailable

    async def publish(self, messages: Sequence[Message]) -> None:
        if messages:
            shares = self._shares(messages)
            with connection_faults():
                firsts = await self._pool.fetchval(sql.APPEND, [share.batch() for share in shares])
            self._hand_on(shares, firsts)

    def log_in(self, database_url: str) -> Log | None:
        return self if database_url == self._database_url else None

    def append(self, writes: Writes, messages: Sequence[Message]) -> Callable[[], None]:
        shares = self._shares(messages)
        firsts: list[int] = []
        writes.call(_APPEND, firsts.extend, batches=[share.batch() for share in shares])
        return partial(self._hand_on, shares, firsts)

    def _shares(self, messages: Sequence[Message]) -> list["_Share"]:
        """By topic, number and place, as `bus.append` tells where they begin."""
        by_partition: dict[Partition, list[Message]] = defaultdict(list)
        for message in messages:
            number = partition_of(message.key, len(self._partitions[message.topic]))
            by_partition[Partition(message.topic, number)].append(message)
        return [
            _Share(partition, start, by_partition[partition][start : start + sql.BATCH_RECORDS_LIMIT])
            for partition in sorted(by_partition)
            for start in range(0, len(by_partition[partition]), sql.BATCH_RECORDS_LIMIT)
        ]

    def _hand_on(self, shares: Sequence["_Share"], firsts: Sequence[int]) -> None:
        """What is committed: to the readers of this process, while others are told to look."""
        for share, first_offset in zip(shares, firsts, strict=True):
            place = place_of(share.partition)
            appended = Appended(share.partition, first_offset, share.messages)
            for ear in self._ears:
                ear.hand(place, appended)
            self.notifications.tell_others(sql.APPENDED, place)

    @asynccontextmanager
    async def subscribe(
        self, group: str, topics: Sequence[str], load_offsets: LoadOffsets, *, limit: int = 1_000
    ) -> AsyncIterator[Subscription]:
        partitions = sorted(chain.from_iterable(self._partitions[topic] for topic in topics), key=_number_first)
        member = Member(self._open_ear, self.notifications, group, partitions, load_offsets, limit)
        try:
            await member.join()
            yield member
        finally:
            await member.leave()

    async def end_offsets(self, topic: str) -> Offsets:
        with connection_faults():
            rows = await self._pool.fetch(sql.END_OFFSETS, topic)
        return {Partition(topic, number): next_offset for number, next_offset in rows}

    async def read(self, topic: str, start: Offsets, stop: Offsets | None = None) -> AsyncIterator[Record]:
        positions = {partition: start.get(partition, 0) for partition in self._partitions[topic]}
        if stop is not None:
            positions = {partition: at for partition, at in positions.items() if at < stop.get(partition, 0)}
        with connection_faults():
            ear = await self._open_ear()
        ear.places = frozenset(map(place_of, positions))
        try:
            while positions:
                ends = {} if stop is None else await self.end_offsets(topic)
                with connection_faults():
                    records = await ear.page(positions, stop or {}, _READ_RECORDS_LIMIT)
                for record in records:
                    yield record
                    positions[record.partition] = record.offset + 1
                if records and (stop is not None or not ear.is_through):
                    continue
                if stop is not None:  # nothing is left below what had been written before this look
                    positions = {place: at for place, at in positions.items() if ends[place] < stop[place]}
                if positions:
                    await ear.wait()
        finally:
            ear.connection.terminate()

    async def prune(self, retention: timedelta = RETENTION) -> int:
        """Delete what is older than `retention`, or in compacted topics what is older and has a successor.

        Answers the number of records deleted. Raises BusUnavailable.
        """
        pruned = 0
        for partition in chain.from_iterable(self._partitions.values()):
            statement = sql.PRUNE_SUPERSEDED if self._topics[partition.topic].compacted else sql.PRUNE_AGED
            with connection_faults():
                pruned += await self._pool.fetchval(statement, *partition, retention)
        return pruned

    async def _open_ear(self, group: str | None = None) -> Ear:
        connection = await asyncpg.connect(self._database_url, **_CONNECTION)
        ear = Ear(connection, group)
        connection.add_termination_listener(lambda _: ear.wake())
        if not self._listens:  # who only publishes is not woken
            self._listens = True
            self.notifications.on(sql.APPENDED, self._on_appended)
            self.notifications.on(sql.REGROUPED, self._on_regrouped)
        self._ears.add(ear)
        return ear

    async def _prune_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(_PRUNE_EVERY_S)
            try:
                pruned = await self.prune()
            except BusUnavailable as error:
                _log.warning("bus.not_pruned", reason=str(error), again_in_s=_PRUNE_EVERY_S)
            else:
                _log.info("bus.pruned", records=pruned)


class _Share(NamedTuple):
    """What is published together for a partition; `place` counts those before it."""

    partition: Partition
    place: int
    messages: Sequence[Message]

    def batch(self) -> tuple[object, ...]:
        """As `bus.batch`."""
        return (
            *self.partition,
            self.place,
            [message.key for message in self.messages],
            [to_json(message.headers).decode() for message in self.messages],
            [message.value for message in self.messages],
            sum(len(message.value) for message in self.messages),
        )


async def _leave_as_it_is(connection: Any) -> None:
    """The pool's sessions are changed by nobody, so the round trip that resets them would be for nothing."""


def _number_first(partition: Partition) -> tuple[int, str]:
    """Members take partitions in this order, so that one number of all topics tends to have one owner."""
    return partition.number, partition.topic
