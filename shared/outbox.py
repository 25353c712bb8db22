"""The outbox: events are announced in the transaction that makes them true, and published after it by the relay.

What one transaction announces together is one row, a bundle, so that a thousand events cost little more than one.
"""

from collections.abc import Sequence
from typing import Any

from pydantic_core import from_json, to_json

from shared.bus.base import Message
from shared.bus.partitioning import key_hash
from shared.contracts.event import Event, to_headers
from shared.contracts.registry import EVENT_TYPES
from shared.database import Connection, Database, Statement, Transaction, Writes, driver

CHANNEL = "outbox"
"""Told when something is in the outbox."""

_ANNOUNCE = Statement(
    """
    INSERT INTO outbox (topics, keys, hashes, headers, bodies)
    VALUES (CAST(:topics AS text[]), CAST(:keys AS text[]), CAST(:hashes AS integer[]), CAST(:headers AS text[]),
        CAST(:bodies AS bytea[]))
    """
)
_WAITING = Statement("SELECT id, topics, keys, headers, bodies FROM outbox ORDER BY id LIMIT :limit")
_REMOVE = Statement("DELETE FROM outbox WHERE id = ANY(:ids)")


async def announce(transaction: Transaction, events: Sequence[Event]) -> None:
    """Write the events into the outbox, in their order; they are published once the transaction has committed.

    Bundles with one key are in order because whoever announces for a key holds that key's row lock until the commit.
    """
    await announce_on(transaction, with_topics(events))


def with_topics(events: Sequence[Event]) -> list[tuple[str, Event]]:
    return [(EVENT_TYPES[event.type].topic, event) for event in events]


async def announce_on(transaction: Transaction, events: Sequence[tuple[str, Event]]) -> None:
    """The same with the topic said, for an event that goes elsewhere than where its type belongs (dead letters)."""
    writes = Writes()
    add_announcements(writes, events)
    await writes.send(transaction)


def add_announcements(writes: Writes, events: Sequence[tuple[str, Event]]) -> None:
    """The same as a part of other writes."""
    if not events:
        return
    writes.add(
        _ANNOUNCE,
        topics=[topic for topic, _ in events],
        keys=[event.key for _, event in events],
        hashes=[key_hash(event.key) for _, event in events],
        headers=[to_json(to_headers(event)).decode() for _, event in events],
        bodies=[event.data for _, event in events],
    )
    writes.tell(CHANNEL)


class DatabaseOutbox:
    """The outbox of one service, as the bus takes from it."""

    def __init__(self, database: Database, connection: Connection) -> None:
        self.url = database.url
        self.session: Any = driver(connection)
        self._connection = connection

    async def waiting(self, limit: int) -> tuple[list[int], list[Message]]:
        bundles = await _WAITING.rows(self._connection, limit=limit)
        messages = [
            Message(topic, key, from_json(headers), body)
            for _, *columns in bundles
            for topic, key, headers, body in zip(*columns, strict=True)
        ]
        return [bundle.id for bundle in bundles], messages

    async def remove(self, ids: Sequence[int]) -> None:
        await _REMOVE.run(self._connection, ids=ids)
