"""Idempotency keys: the same request twice has one effect and one answer.

The answer is stored in the transaction of the effect, so there is no moment in which one exists without the other
(draft-ietf-httpapi-idempotency-key-header; kept per actor, so that two callers never meet by chance).
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import Header, Request, Response
from pydantic import TypeAdapter, ValidationError

from shared.contracts.values import Text
from shared.database import Transaction
from shared.errors import DomainError, InvalidRequest
from shared.http.problems import DETAILS, MEDIA_TYPE
from shared.statements import Statement, Writes

RETENTION = timedelta(days=2)
_PRUNE_LIMIT = 10_000


@dataclass(frozen=True, slots=True)
class RequestKey:
    """Who asks, under which key, for what: `fingerprint` is a digest of method, path and body."""

    actor: str
    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer that can be stored and given again."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self) -> Response:
        media_type = "application/json" if self.status < 400 else MEDIA_TYPE
        return Response(self.body, self.status, dict(self.headers), media_type)


async def fingerprint(request: Request) -> str:
    body = await request.body()
    return hashlib.sha256(b"\0".join((request.method.encode(), request.url.path.encode(), body))).hexdigest()


_HEADER = "Idempotency-Key"
_DESCRIPTION = (
    "Any text of your own, new for every request: sent again with the same body it gives the first answer again and"
    " changes nothing."
)
_KEY: TypeAdapter[str] = TypeAdapter(Text)
IdempotencyKeyHeader = Annotated[Text | None, Header(alias=_HEADER, description=_DESCRIPTION)]
KEYED: dict[str, Any] = {
    "parameters": [
        {"name": _HEADER, "in": "header", "required": False, "description": _DESCRIPTION, "schema": _KEY.json_schema()}
    ]
}
"""OpenAPI of an operation that reads the header itself."""


def check_key(key: str) -> None:
    """Raises InvalidRequest for one that cannot be kept."""
    try:
        _KEY.validate_python(key)
    except ValidationError as error:
        raise InvalidRequest("/header/Idempotency-Key", error.errors()[0]["msg"]) from error


# The lock tells a key in flight from a new one, without waiting for the transaction that holds it.
_CLAIM = Statement(
    """
    SELECT place, pg_try_advisory_xact_lock(hashtextextended(current_schema() || actor || ' ' || asked.key, 0)) AS free,
        stored.fingerprint, stored.status, stored.body, stored.headers
    FROM unnest(CAST(:actors AS text[]), CAST(:keys AS text[])) WITH ORDINALITY AS asked (actor, key, place)
    LEFT JOIN idempotency_keys AS stored USING (actor, key)
    """
)
_KEEP = Statement(
    """
    INSERT INTO idempotency_keys (actor, key, fingerprint, status, body, headers)
    SELECT * FROM unnest(CAST(:actors AS text[]), CAST(:keys AS text[]), CAST(:fingerprints AS text[]),
        CAST(:statuses AS integer[]), CAST(:bodies AS bytea[]), CAST(:headers AS text[]))
    """
)
_PRUNE = Statement(
    """
    DELETE FROM idempotency_keys WHERE (actor, key) IN (
        SELECT actor, key FROM idempotency_keys WHERE created_at < :before LIMIT :limit)
    """
)


async def claim(transaction: Transaction, keys: Sequence[RequestKey | None]) -> list[Answer | DomainError | None]:
    """For each request: its first answer, a refusal of its key, or None where it is new and now claimed."""
    found: list[Answer | DomainError | None] = [None] * len(keys)
    asked = [(place, key) for place, key in enumerate(keys) if key is not None]
    if not asked:
        return found
    rows = await _CLAIM.rows(transaction, actors=[key.actor for _, key in asked], keys=[key.key for _, key in asked])
    claimed: set[tuple[str, str]] = set()
    for row in rows:
        place, key = asked[row.place - 1]
        if row.fingerprint is not None:
            found[place] = _stored(key, row.fingerprint, Answer(row.status, row.body, json.loads(row.headers)))
        elif not row.free or (key.actor, key.key) in claimed:
            found[place] = DomainError("request_in_flight", DETAILS["request_in_flight"])
        claimed.add((key.actor, key.key))
    return found


def _stored(key: RequestKey, fingerprint: str, first: Answer) -> Answer | DomainError:
    if fingerprint != key.fingerprint:
        return DomainError("idempotency_key_reused", DETAILS["idempotency_key_reused"])
    return Answer(first.status, first.body, {**first.headers, "Idempotency-Replayed": "true"})


def keep(writes: Writes, answers: Iterable[tuple[RequestKey | None, Answer]]) -> None:
    """Store the first answers of the keys that were claimed."""
    kept = [(key, answer) for key, answer in answers if key is not None]
    if not kept:
        return
    writes.add(
        _KEEP,
        actors=[key.actor for key, _ in kept],
        keys=[key.key for key, _ in kept],
        fingerprints=[key.fingerprint for key, _ in kept],
        statuses=[answer.status for _, answer in kept],
        bodies=[answer.body for _, answer in kept],
        headers=[json.dumps(dict(answer.headers)) for _, answer in kept],
    )


async def prune(transaction: Transaction, now: datetime) -> None:
    """Forget keys older than the retention; a bounded number at a time."""
    await _PRUNE.run(transaction, before=now - RETENTION, limit=_PRUNE_LIMIT)
