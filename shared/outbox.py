"""The outbox: events are announced in the transaction that makes them true, and published after it by the relay."""

import json
from collections.abc import Sequence

from shared.contracts.event import Event, to_headers
from shared.contracts.registry import EVENT_TYPES
from shared.database import Statement, Transaction

CHANNEL = "zaiko_outbox"
"""The notification's payload is the schema whose outbox has something in it."""

_ANNOUNCE = Statement(
    """
    WITH announced AS (
        INSERT INTO outbox (topic, key, headers, value)
        SELECT topic, key, headers, value
        FROM unnest(CAST(:topics AS text[]), CAST(:keys AS text[]), CAST(:headers AS text[]), CAST(:values AS bytea[]))
            WITH ORDINALITY AS event (topic, key, headers, value, place)
        ORDER BY place)
    SELECT pg_notify(:channel, current_schema())
    """
)


async def announce(transaction: Transaction, events: Sequence[Event]) -> None:
    """Write the events into the outbox, in their order; they are published once the transaction has committed.

    Rows of one key are in order because whoever announces for a key holds that key's row lock until the commit.
    """
    await announce_on(transaction, [(EVENT_TYPES[event.type].topic, event) for event in events])


async def announce_on(transaction: Transaction, events: Sequence[tuple[str, Event]]) -> None:
    """The same with the topic said, for an event that goes elsewhere than where its type belongs (dead letters)."""
    if not events:
        return
    await _ANNOUNCE.run(
        transaction,
        topics=[topic for topic, _ in events],
        keys=[event.key for _, event in events],
        headers=[json.dumps(to_headers(event)) for _, event in events],
        values=[event.data for _, event in events],
        channel=CHANNEL,
    )
