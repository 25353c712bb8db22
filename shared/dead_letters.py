"""Dead letters: what cannot take effect is kept with its reason, and told; nothing vanishes."""

import json
from collections.abc import Sequence
from typing import NamedTuple

from shared.contracts.event import Event, to_headers
from shared.contracts.registry import DEAD_LETTERS
from shared.database import Statement, Transaction
from shared.outbox import announce_on
from shared.telemetry import DEAD_LETTERED

_DETAIL_LIMIT = 1_000

_KEEP = Statement(
    """
    INSERT INTO dead_letters (topic, key, headers, value, source, event_id, code, detail)
    SELECT * FROM unnest(CAST(:topics AS text[]), CAST(:keys AS text[]), CAST(:headers AS text[]),
        CAST(:values AS bytea[]), CAST(:sources AS text[]), CAST(:event_ids AS text[]),
        CAST(:codes AS text[]), CAST(:details AS text[]))
    """
)


class DeadLetter(NamedTuple):
    """An event as it came, the topic it came on, and why it could not take effect."""

    topic: str
    event: Event
    code: str
    detail: str


async def keep(transaction: Transaction, letters: Sequence[DeadLetter]) -> None:
    """Store the letters and announce them on `zaiko.dead-letters`, in the transaction that moves on past them."""
    if not letters:
        return
    await _KEEP.run(
        transaction,
        topics=[letter.topic for letter in letters],
        keys=[letter.event.key for letter in letters],
        headers=[json.dumps(to_headers(letter.event)) for letter in letters],
        values=[letter.event.data for letter in letters],
        sources=[letter.event.source for letter in letters],
        event_ids=[letter.event.id for letter in letters],
        codes=[letter.code for letter in letters],
        details=[letter.detail[:_DETAIL_LIMIT] for letter in letters],
    )
    announce_on(transaction, [(DEAD_LETTERS, _with_reason(letter)) for letter in letters])
    for letter in letters:
        DEAD_LETTERED.labels(letter.topic, letter.code).inc()


def _with_reason(letter: DeadLetter) -> Event:
    event = letter.event
    reason = {"reasoncode": letter.code, "reason": letter.detail[:_DETAIL_LIMIT], "origintopic": letter.topic}
    return Event(event.id, event.source, event.type, event.time, event.key, event.data, {**event.extensions, **reason})
