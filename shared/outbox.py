"""The outbox: events are announced in the transaction that makes them true, and out once it has committed.

They go out with its last statement: into the bus's log where that lies in the same database, else into the table
`outbox`, which the relay publishes. What one transaction announces is one row there, a bundle, so that a thousand
events cost little more than one.
"""

from collections.abc import Sequence
from typing import NamedTuple

from pydantic_core import from_json, to_json

from shared.bus.base import Log, Message
from shared.contracts.event import Event, to_headers
from shared.contracts.registry import EVENT_TYPES
from shared.database import Connection, Transaction, ending, tell
from shared.statements import Statement, gathered

CHANNEL = "outbox"
"""Told when something is in the table."""

_PUT = Statement(
    """
    INSERT INTO outbox (topics, keys, headers, bodies)
    VALUES (CAST(:topics AS text[]), CAST(:keys AS text[]), CAST(:headers AS text[]), CAST(:bodies AS bytea[]))
    """
)
_WAITING = Statement("SELECT id, topics, keys, headers, bodies FROM outbox ORDER BY id LIMIT :limit")
_REMOVE = Statement("DELETE FROM outbox WHERE id = ANY(:ids)")


def announce(transaction: Transaction, events: Sequence[Event]) -> None:
    """Publish the events, in their order, if the transaction commits.

    Events with one key are in order across transactions, because whoever announces for a key holds that key's row lock.
    """
    announce_on(transaction, [(EVENT_TYPES[event.type].topic, event) for event in events])


def announce_on(transaction: Transaction, events: Sequence[tuple[str, Event]]) -> None:
    """The same with the topic said, for an event that goes elsewhere than where its type belongs (dead letters)."""
    ending(transaction).announced.extend(events)


class Outbox:
    """Takes what transactions of one service announced; `log` is the bus's, where it lies in the same database."""

    def __init__(self, log: Log | None = None) -> None:
        self._log = log

    def take(self, transaction: Transaction, announced: Sequence[tuple[str, Event]]) -> None:
        """Write them down with the transaction's last statement."""
        messages = [Message(topic, event.key, to_headers(event), event.data) for topic, event in announced]
        if self._log is not None:
            ending(transaction).after_commit.append(self._log.append(gathered(transaction), messages))
        else:
            put(transaction, messages)


def put(transaction: Transaction, messages: Sequence[Message]) -> None:
    """Into the table, in one bundle: the relay publishes it, on whichever bus."""
    gathered(transaction).add(
        _PUT,
        topics=[message.topic for message in messages],
        keys=[message.key for message in messages],
        headers=[to_json(message.headers).decode() for message in messages],
        bodies=[message.value for message in messages],
    )
    tell(transaction, CHANNEL)


class Waiting(NamedTuple):
    """The oldest bundles in the table: their ids, and all their messages in order."""

    ids: list[int]
    messages: list[Message]


async def waiting(connection: Connection, limit: int) -> Waiting:
    """What is in the table, at most `limit` bundles."""
    bundles = await _WAITING.rows(connection, limit=limit)
    messages = [
        Message(topic, key, from_json(headers), body)
        for _, *columns in bundles
        for topic, key, headers, body in zip(*columns, strict=True)
    ]
    return Waiting([bundle.id for bundle in bundles], messages)


async def remove(connection: Connection, ids: Sequence[int]) -> None:
    """Take bundles out, once their messages are published."""
    await _REMOVE.run(connection, ids=ids)
