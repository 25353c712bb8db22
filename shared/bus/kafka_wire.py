"""What Zaiko's messages and topics look like on Kafka, how messages go out, and how their producer ends."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

from shared.bus.base import Message
from shared.contracts.registry import Topic

MESSAGE_BYTES_LIMIT = 16 * 1024 * 1024
"""A larger message is a mistake of its writer."""
BATCH_BYTES_LIMIT = 512 * 1024
"""Messages go out together up to this size; a larger one goes alone."""

CLOSE_TIMEOUT_S = 5.0
_RETENTION_MS = 7 * 24 * 3_600 * 1_000


def topic_configuration(topic: Topic) -> dict[str, str]:
    """Nothing younger than the retention goes, neither by age nor by compaction."""
    size = {"max.message.bytes": str(MESSAGE_BYTES_LIMIT + BATCH_BYTES_LIMIT)}
    if topic.compacted:
        return size | {"cleanup.policy": "compact", "min.compaction.lag.ms": str(_RETENTION_MS)}
    return size | {"cleanup.policy": "delete", "retention.ms": str(_RETENTION_MS)}


def from_wire(
    topic: str, key: bytes | None, headers: Iterable[tuple[str, bytes | None]], value: bytes | None
) -> Message:
    """A message as anybody may have written it: what is absent is empty, of repeated headers the last counts."""
    return Message(topic, _text(key), {name: _text(text) for name, text in headers}, value or b"")


def refuse_too_large(messages: Iterable[Message]) -> None:
    """Raises ValueError for a message above MESSAGE_BYTES_LIMIT, which the broker would never take."""
    if any(len(message.value) > MESSAGE_BYTES_LIMIT for message in messages):
        raise ValueError(f"a message is larger than {MESSAGE_BYTES_LIMIT} bytes")


async def send_in_order(producer: Any, place: Any, messages: Sequence[Message]) -> None:
    """To the partition `place`, one batch after the other: after a failure nothing later is in.

    Raises what aiokafka's producer raises.
    """
    batch = producer.create_batch()
    for message in messages:
        headers = [(name, text.encode()) for name, text in message.headers.items()]
        parts = {"timestamp": None, "key": message.key.encode(), "value": message.value, "headers": headers}
        if batch.append(**parts) is None:
            await (await producer.send_batch(batch, place.topic, partition=place.partition))
            batch = producer.create_batch()
            batch.append(**parts)
    await (await producer.send_batch(batch, place.topic, partition=place.partition))


async def end_producer(producer: Any) -> None:
    """Close without the flush of aiokafka's `stop`, which would wait for a broker that is away."""
    producer._closed = True
    sending = producer._sender.sender_task
    if sending is not None:
        sending.cancel()
    await producer.client.close()
    if sending is not None:
        await asyncio.wait([sending], timeout=CLOSE_TIMEOUT_S)


def _text(value: bytes | None) -> str:
    """What other writers put there need not be UTF-8, and must not stop the reader."""
    return "" if value is None else value.decode(errors="replace")
