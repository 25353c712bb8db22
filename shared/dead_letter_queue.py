"""The dead letters as an operator works on them: looked at, published again, dropped."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from pydantic import ValidationError
from pydantic_core import from_json

from shared import outbox
from shared.bus.base import Message
from shared.contracts.event import MalformedEvent, from_message
from shared.contracts.registry import EVENT_TYPES
from shared.database import Connection, Transaction
from shared.statements import Row, Statement

_COLUMNS = "id, recorded_at, topic, key, headers, source, event_id, code, detail"
_MATCHING = """
    (CAST(:topic AS text) IS NULL OR topic = CAST(:topic AS text))
    AND (CAST(:code AS text) IS NULL OR code = CAST(:code AS text))
"""
_IS_THERE = Statement("SELECT to_regclass('dead_letters') IS NOT NULL AS is_there")
_NEWEST = Statement(
    f"""
    SELECT {_COLUMNS}, CAST('' AS bytea) AS value FROM dead_letters WHERE {_MATCHING}
    ORDER BY recorded_at DESC, id DESC LIMIT :limit
    """
)
_COUNT = Statement(f"SELECT count(*) AS letters FROM dead_letters WHERE {_MATCHING}")
_IDS = Statement(f"SELECT id FROM dead_letters WHERE {_MATCHING} ORDER BY id")
_GET = Statement(f"SELECT {_COLUMNS}, value FROM dead_letters WHERE id = :id")
# An event that came several times is there several times: it goes once, and its repeats with it.
_TAKE = Statement(
    f"""
    DELETE FROM dead_letters WHERE id = ANY(CAST(:ids AS bigint[])) OR id IN (
        SELECT repeat.id FROM dead_letters AS repeat JOIN dead_letters AS taken
            USING (topic, source, event_id, value) WHERE taken.id = ANY(CAST(:ids AS bigint[])))
    RETURNING {_COLUMNS}, value
    """
)
_DROP = Statement("DELETE FROM dead_letters WHERE id = ANY(CAST(:ids AS bigint[])) RETURNING id")


class Matching(NamedTuple):
    """Which letters are meant; None is any."""

    topic: str | None = None
    code: str | None = None


class Letter(NamedTuple):
    """A dead letter as it is kept; `value` is the event's data, empty in a list."""

    id: int
    recorded_at: datetime
    topic: str
    key: str
    headers: Mapping[str, str]
    source: str
    event_id: str
    code: str
    detail: str
    value: bytes

    @property
    def type(self) -> str:
        return self.headers.get("ce_type", "")


class Retried(NamedTuple):
    """The letters that were taken out, and how many events were put into the outbox."""

    taken: list[int]
    published: int


async def is_there(connection: Connection) -> bool:
    """Whether the service has its tables in this database."""
    return bool((await _IS_THERE.rows(connection))[0].is_there)


async def newest(connection: Connection, matching: Matching, limit: int) -> list[Letter]:
    return [_letter(row) for row in await _NEWEST.rows(connection, **matching._asdict(), limit=limit)]


async def count(connection: Connection, matching: Matching) -> int:
    return int((await _COUNT.rows(connection, **matching._asdict()))[0].letters)


async def ids(connection: Connection, matching: Matching) -> list[int]:
    """All that there are now, the oldest first."""
    return [row.id for row in await _IDS.rows(connection, **matching._asdict())]


async def get(connection: Connection, number: int) -> Letter | None:
    rows = await _GET.rows(connection, id=number)
    return _letter(rows[0]) if rows else None


async def retry(transaction: Transaction, numbers: Sequence[int]) -> Retried:
    """Take the letters out, with their repeats, and put their events into the outbox.

    Whoever else takes them at the same time waits, and finds them gone: each is published once, or stays.
    """
    letters = sorted(map(_letter, await _TAKE.rows(transaction, ids=list(numbers))))
    once: dict[tuple[str, str, str, bytes], Letter] = {}
    for letter in letters:
        once.setdefault((letter.topic, letter.source, letter.event_id, letter.value), letter)
    if once:
        outbox.put(transaction, [_message(letter) for letter in once.values()])
    return Retried([letter.id for letter in letters], len(once))


async def drop(transaction: Transaction, numbers: Sequence[int]) -> list[int]:
    """Delete the letters; which ones there were."""
    return [row.id for row in await _DROP.rows(transaction, ids=list(numbers))]


def _letter(row: Row) -> Letter:
    letter = Letter(*row)
    return letter._replace(headers=from_json(letter.headers))  # type: ignore[arg-type]


def _message(letter: Letter) -> Message:
    return Message(letter.topic, letter.key or _key(letter), letter.headers, letter.value)


def _key(letter: Letter) -> str:
    """What came over HTTP had none: the one that its type would have on the bus, where its data can be read."""
    try:
        event = from_message(letter.headers, "", letter.value)
        kind = EVENT_TYPES.get(event.type)
        return "" if kind is None else kind.key(kind.read(event))
    except (MalformedEvent, ValidationError):
        return ""
