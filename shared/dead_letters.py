"""Dead letters: what cannot take effect is kept with its reason, and told; nothing vanishes."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from traceback import extract_tb
from typing import NamedTuple

import asyncpg
from sqlalchemy.exc import DBAPIError

from shared.contracts.event import Event, to_headers
from shared.contracts.registry import DEAD_LETTERS
from shared.database import Transaction
from shared.outbox import announce_on
from shared.statements import Statement
from shared.telemetry import DEAD_LETTERED

UNEXPECTED = "unexpected_fault"
"""The code of what broke the code itself: a person has to look."""
EVENT_BYTES_LIMIT = 16 * 1024 * 1024
"""Any bus takes an event of this size; a larger one is a dead letter, announced without its data."""
_DETAIL_LIMIT = 1_000
_RUNNING = ("database.py", "statements.py")
"""Where statements are run: a fault is told where they were asked for."""
_ROOT = Path(__file__).resolve().parent.parent

_KEEP = Statement(
    """
    INSERT INTO dead_letters (topic, key, headers, value, source, event_id, code, detail)
    SELECT * FROM unnest(CAST(:topics AS text[]), CAST(:keys AS text[]), CAST(:headers AS text[]),
        CAST(:values AS bytea[]), CAST(:sources AS text[]), CAST(:event_ids AS text[]),
        CAST(:codes AS text[]), CAST(:details AS text[]))
    """
)


class DeadLetter(NamedTuple):
    """An event, the topic it came on, and why it could not take effect; `headers` as they came, if they make none."""

    topic: str
    event: Event
    code: str
    detail: str
    headers: Mapping[str, str] | None = None


async def keep(transaction: Transaction, letters: Sequence[DeadLetter]) -> None:
    """Store the letters and announce them on `zaiko.dead-letters`, in the transaction that moves on past them."""
    if not letters:
        return
    letters = [letter._replace(event=letter.event._replace(key=_keepable(letter.event.key))) for letter in letters]
    await _KEEP.run(
        transaction,
        topics=[letter.topic for letter in letters],
        keys=[letter.event.key for letter in letters],
        headers=[json.dumps(dict(letter.headers or to_headers(letter.event))) for letter in letters],
        values=[letter.event.data for letter in letters],
        sources=[letter.event.source for letter in letters],
        event_ids=[letter.event.id for letter in letters],
        codes=[letter.code for letter in letters],
        details=[_keepable(letter.detail[:_DETAIL_LIMIT]) for letter in letters],
    )
    announce_on(transaction, [(DEAD_LETTERS, _with_reason(letter)) for letter in letters])
    for letter in letters:
        DEAD_LETTERED.labels(letter.topic, letter.code).inc()


def unexpected(topic: str, event: Event, error: Exception) -> DeadLetter:
    """The letter of an event that broke the code."""
    return DeadLetter(topic, event, UNEXPECTED, describe(error))


def describe(error: Exception) -> str:
    """A fault for whoever looks into it: what it is, what the database says, where in the code it came up.

    The statement, its values and messages of unknown origin may hold anything: they are in the log alone.
    """
    cause = error.orig.__cause__ if isinstance(error, DBAPIError) and error.orig is not None else error
    told = type(cause).__name__
    if isinstance(cause, asyncpg.PostgresError) and cause.severity:  # the server's words, not the driver's
        told += f": {cause.args[0]} (SQLSTATE {cause.sqlstate})"
    return f"{told}, {_place_of(error)}; the log has the trace under the event's id"


def _place_of(error: Exception) -> str:
    """The innermost place in our own code, below which there are only libraries and the running of statements."""
    place = "at an unknown place"
    for frame in extract_tb(error.__traceback__):
        path = Path(frame.filename)
        if not path.is_relative_to(_ROOT):
            continue
        name = path.relative_to(_ROOT)
        if name.parts[0] in ("services", "shared") and name.name not in _RUNNING:
            place = f"at {name}:{frame.lineno} in {frame.name}"
    return place


def _keepable(text: str) -> str:
    """PostgreSQL keeps every character in text but NUL, and a key may come with one."""
    return text.replace("\0", "\ufffd")


def _with_reason(letter: DeadLetter) -> Event:
    event = letter.event
    reason = {"reasoncode": letter.code, "reason": letter.detail[:_DETAIL_LIMIT], "origintopic": letter.topic}
    data = event.data if len(event.data) <= EVENT_BYTES_LIMIT else b""
    return event._replace(data=data, extensions={**event.extensions, **reason})
