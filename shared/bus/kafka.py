"""The bus on Apache Kafka: the only place that knows aiokafka.

Positions are the reader's own, stored with its effects; the group at the broker only shares the partitions.
Whatever aiokafka cannot mend by itself becomes BusUnavailable, and the next call starts with a fresh client.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from shared.bus import kafka_wire as wire
from shared.bus.base import (
    BusUnavailable,
    LoadOffsets,
    Message,
    Offsets,
    Partition,
    Record,
    Subscription,
)
from shared.bus.kafka_members import Member
from shared.bus.partitioning import partition_of
from shared.contracts.registry import TOPICS, Topic

_FETCH_BYTES_LIMIT = 16 * 1024 * 1024
_PUBLISH_TIMEOUT_S = 10.0
_REQUEST_TIMEOUT_MS = 10_000
_POLL_MS = 1_000
_LONG_POLL_MS = 500
_RETRY_AFTER_MS = 100
_SESSION_TIMEOUT_MS = 6_000
_HEARTBEAT_MS = 1_000
"""So long it takes a member to hear that others came or went, and until it has nobody new gets anything."""
_REBALANCE_TIMEOUT_MS = 15_000
_READ_RECORDS_LIMIT = 1_000

_log = structlog.get_logger(__name__)

ConsumerRebalanceListener.register(Member)


@contextmanager
def _broker_faults() -> Iterator[None]:
    try:
        yield
    except (KafkaError, OSError) as error:
        raise BusUnavailable(f"{type(error).__name__}: {error}") from error


class KafkaBus:
    """The bus on a Kafka cluster.

    `bootstrap_servers` is `host:port[,host:port…]`. Missing topics are made with `partitions` and
    `replication_factor`; existing ones stay as they are. `topic_prefix` stands before every name of a topic or a
    group at the broker, so that several installations can share a cluster.
    """

    def __init__(
        self,
        bootstrap_servers: str,
        *,
        topics: Mapping[str, Topic] = TOPICS,
        partitions: int = 8,
        replication_factor: int = 1,
        topic_prefix: str = "",
    ) -> None:
        self._connection: Mapping[str, Any] = {
            "bootstrap_servers": bootstrap_servers,
            "request_timeout_ms": _REQUEST_TIMEOUT_MS,
            "retry_backoff_ms": _RETRY_AFTER_MS,
        }
        self._topics = topics
        self._new_partitions = partitions
        self._replication_factor = replication_factor
        self._prefix = topic_prefix
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()

    async def start(self) -> None:
        """Connect, and make what is missing. Raises BusUnavailable."""
        with _broker_faults():
            admin = AIOKafkaAdminClient(**self._connection)
            try:
                await admin.start()
                await self._create_topics(admin)
            finally:
                await admin.close()
        await self._started_producer()

    async def stop(self) -> None:
        if self._producer is not None:
            await self._throw_away(self._producer)

    async def publish(self, messages: Sequence[Message]) -> None:
        """As the protocol says; ValueError for a message that is too large for the broker."""
        if not messages:
            return
        wire.refuse_too_large(messages)
        producer = await self._started_producer()
        sends: list[asyncio.Task[None]] = []
        try:
            with _broker_faults():
                async with asyncio.timeout(_PUBLISH_TIMEOUT_S):
                    shares = await self._by_place(producer, messages)
                    sends = [asyncio.create_task(wire.send_in_order(producer, *share)) for share in shares.items()]
                    await asyncio.gather(*sends)
        except BusUnavailable:
            # It would go on sending what the caller will publish again, and so change the order.
            await self._throw_away(producer)
            raise
        finally:
            for send in sends:
                send.cancel()

    def log_in(self, database_url: str) -> None:
        return None

    @asynccontextmanager
    async def subscribe(
        self, group: str, topics: Sequence[str], load_offsets: LoadOffsets, *, limit: int = 1_000
    ) -> AsyncIterator[Subscription]:
        async def open_consumer(member: Member) -> _Consumer:
            consumer = _Consumer(self._connection, self._prefix, group)
            await consumer.start()
            consumer.subscribe(topics, member)
            return consumer

        member = Member(open_consumer, group, load_offsets, limit)
        try:
            await member.join()
            yield member
        finally:
            await member.leave()

    async def end_offsets(self, topic: str) -> Offsets:
        async with self._reader(topic) as consumer:
            return await consumer.end_offsets()

    async def read(self, topic: str, start: Offsets, stop: Offsets | None = None) -> AsyncIterator[Record]:
        async with self._reader(topic) as consumer:
            consumer.seek({partition: start.get(partition, 0) for partition in consumer.assignment()})
            while stop is None or not await consumer.is_through(stop):
                for record in await consumer.poll(_READ_RECORDS_LIMIT):
                    if stop is None or record.offset < stop.get(record.partition, 0):
                        yield record

    @asynccontextmanager
    async def _reader(self, topic: str) -> "AsyncIterator[_Consumer]":
        """A consumer outside any group that is assigned every partition of the topic."""
        producer = await self._started_producer()
        with _broker_faults():
            numbers = await producer.partitions_for(self._prefix + topic)
        consumer = _Consumer(self._connection, self._prefix)
        try:
            await consumer.start()
            consumer.assign([Partition(topic, number) for number in sorted(numbers)])
            yield consumer
        finally:
            await consumer.close()

    async def _create_topics(self, admin: AIOKafkaAdminClient) -> None:
        existing = set(await admin.list_topics())
        size = (self._new_partitions, self._replication_factor)
        missing = [
            NewTopic(self._prefix + name, *size, topic_configs=wire.topic_configuration(topic))
            for name, topic in self._topics.items()
            if self._prefix + name not in existing
        ]
        if not missing:
            return
        response = await admin.create_topics(missing)
        for name, code, *_ in response.topic_errors:
            error = for_code(code)
            if code and error is not TopicAlreadyExistsError:
                raise error(name)

    async def _started_producer(self) -> AIOKafkaProducer:
        async with self._starting:
            if self._producer is None:
                producer = AIOKafkaProducer(
                    **self._connection, acks="all", enable_idempotence=True, max_batch_size=wire.BATCH_BYTES_LIMIT
                )
                try:
                    with _broker_faults():
                        async with asyncio.timeout(_PUBLISH_TIMEOUT_S):
                            await producer.start()
                except BaseException:
                    await wire.end_producer(producer)
                    raise
                self._producer = producer
            return self._producer

    async def _throw_away(self, producer: AIOKafkaProducer) -> None:
        if self._producer is producer:
            self._producer = None
        await wire.end_producer(producer)

    async def _by_place(
        self, producer: AIOKafkaProducer, messages: Sequence[Message]
    ) -> dict[TopicPartition, list[Message]]:
        topics = {message.topic for message in messages}
        counts = {topic: len(await producer.partitions_for(self._prefix + topic)) for topic in topics}
        shares: dict[TopicPartition, list[Message]] = {}
        for message in messages:
            number = partition_of(message.key, counts[message.topic])
            shares.setdefault(TopicPartition(self._prefix + message.topic, number), []).append(message)
        return shares


class _Consumer:
    """aiokafka's consumer in the bus's words; its faults are BusUnavailable."""

    def __init__(self, connection: Mapping[str, Any], prefix: str, group: str | None = None) -> None:
        self._prefix = prefix
        self._client = AIOKafkaConsumer(
            **connection,
            group_id=None if group is None else prefix + group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=_LONG_POLL_MS,
            fetch_max_bytes=_FETCH_BYTES_LIMIT,
            session_timeout_ms=_SESSION_TIMEOUT_MS,
            heartbeat_interval_ms=_HEARTBEAT_MS,
            rebalance_timeout_ms=_REBALANCE_TIMEOUT_MS,
        )

    async def start(self) -> None:
        try:
            with _broker_faults():
                await self._client.start()
            await asyncio.sleep(0)  # aiokafka's background tasks cannot be closed before they have begun
        except BaseException:
            await self.close()
            raise

    def subscribe(self, topics: Sequence[str], listener: Member) -> None:
        self._client.subscribe(topics=[self._prefix + topic for topic in topics], listener=listener)

    def assign(self, partitions: Sequence[Partition]) -> None:
        self._client.assign([self._place(partition) for partition in partitions])

    def assignment(self) -> set[Partition]:
        return {self._partition(place) for place in self._client.assignment()}

    def seek(self, offsets: Mapping[Partition, int]) -> None:
        """An offset that retention took away becomes the earliest that is left."""
        for partition, offset in offsets.items():
            self._client.seek(self._place(partition), offset)

    async def poll(self, limit: int) -> list[Record]:
        with _broker_faults():
            batches = await self._client.getmany(timeout_ms=_POLL_MS, max_records=limit)
        records = []
        for place, batch in batches.items():
            partition = self._partition(place)
            for found in batch:
                message = wire.from_wire(partition.topic, found.key, found.headers, found.value)
                records.append(Record(partition, found.offset, message))
        return records

    async def end_offsets(self) -> Offsets:
        with _broker_faults():
            ends = await self._client.end_offsets(self._client.assignment())
        return {self._partition(place): offset for place, offset in ends.items()}

    async def is_through(self, stop: Offsets) -> bool:
        """Whether every partition has come to `stop`; those that have are not fetched any more."""
        with _broker_faults():
            for place in self._client.assignment() - self._client.paused():
                if await self._client.position(place) < stop.get(self._partition(place), 0):
                    return False
                self._client.pause(place)
        return True

    async def close(self) -> None:
        """What aiokafka's `stop` does not come to when the broker is away is closed by hand."""
        try:
            async with asyncio.timeout(wire.CLOSE_TIMEOUT_S):
                await self._client.stop()
        except (KafkaError, TimeoutError) as error:
            _log.info("bus.left_without_goodbye", reason=repr(error))
            if self._client._fetcher is not None:
                await self._client._fetcher.close()
            await self._client._client.close()

    def _partition(self, place: TopicPartition) -> Partition:
        return Partition(place.topic.removeprefix(self._prefix), place.partition)

    def _place(self, partition: Partition) -> TopicPartition:
        return TopicPartition(self._prefix + partition.topic, partition.number)
