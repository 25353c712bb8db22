"""HTTP door: the till gateway. CloudEvents come in binary, structured or in batches, and leave as facts."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field
from pydantic_core import to_json

from services.inventory.api.doors import Inventory
from services.inventory.usecases.tills import KINDS, Effect, record_till_events
from shared import dead_letters
from shared.clock import Clock
from shared.consumer import Reading, Received, read_event
from shared.contracts import tills
from shared.contracts.event import (
    ENVELOPE_LIMIT,
    Event,
    MalformedEvent,
    batch_members,
    from_http_binary,
    from_object,
    from_structured,
)
from shared.contracts.values import rfc3339
from shared.database import Transaction
from shared.dead_letters import UNEXPECTED, DeadLetter
from shared.errors import DomainError, InvalidRequest
from shared.http.auth import allow
from shared.http.door import Decide, Outcome, answer
from shared.http.problems import responses
from shared.identifiers import new_id
from shared.principal import Principal

router = APIRouter(prefix="/v1/events", tags=["tills"])

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
BATCH_LIMIT = 1_000
SOURCE = "/inventory/v1/events"
"""Of an event that names none."""
ALLOWED_TYPES = ", ".join(KINDS)


RecordEvents = Callable[[Transaction, Sequence[Received[Any]], datetime], Awaitable[Sequence[Effect | DomainError]]]


class RejectedEvent(BaseModel):
    index: int = Field(description="Its place in the request, from 0", examples=[0])
    id: str = Field(description="As it came; of an event that has none, that of its dead letter")
    code: str = Field(examples=["unknown_event_type"])
    detail: str


class EventsReport(BaseModel):
    accepted: int = Field(description="Events that took effect now", examples=[1])
    duplicates: int = Field(description="Events that had taken effect before", examples=[0])
    rejected: list[RejectedEvent] = Field(description="Events that can never take effect; kept as dead letters")


def recording(clock: Clock, record: RecordEvents = record_till_events) -> Decide[Sequence[Reading]]:
    """The events of several requests, recorded together; what cannot take effect goes to the dead letters."""

    async def decide(transaction: Transaction, requests: Sequence[Sequence[Reading]]) -> list[Outcome]:
        received = [reading for request in requests for reading in request if not isinstance(reading, DeadLetter)]
        effects = iter(await record(transaction, received, clock()))
        judged = [[reading if isinstance(reading, DeadLetter) else next(effects) for reading in r] for r in requests]
        reports = []
        for request, verdicts in zip(requests, judged, strict=True):
            letters = {index: _letter(request[index], verdict) for index, verdict in enumerate(verdicts)}
            rejected = {index: letter for index, letter in letters.items() if letter is not None}
            await dead_letters.keep(transaction, list(rejected.values()))
            reports.append(answer(_report(verdicts, rejected), 202))
        return list(reports)

    return decide


Verdict = Effect | DomainError | DeadLetter


def _letter(reading: Reading, verdict: Verdict) -> DeadLetter | None:
    if isinstance(verdict, DomainError):
        assert not isinstance(reading, DeadLetter)
        event = reading.event._replace(key=reading.data.location_id)
        return DeadLetter(tills.TOPIC, event, verdict.code, verdict.detail)
    return verdict if isinstance(verdict, DeadLetter) else None


def _report(verdicts: Sequence[Verdict], rejected: dict[int, DeadLetter]) -> EventsReport:
    return EventsReport(
        accepted=verdicts.count(Effect.APPLIED),
        duplicates=verdicts.count(Effect.DUPLICATE),
        rejected=[
            RejectedEvent(index=index, id=letter.event.id, code=letter.code, detail=_public(letter))
            for index, letter in rejected.items()
        ],
    )


def _public(letter: DeadLetter) -> str:
    """What a till is told; of a fault of ours nothing but that it was one."""
    if letter.code == UNEXPECTED:
        return "something failed here with this event; it is kept, and somebody will look at it: do not send it again"
    return letter.detail


_EXAMPLE = {
    "specversion": "1.0",
    "id": "31198459022",
    "source": "/locations/S367/tills/2",
    "type": tills.SALE.name,
    "time": "2017-11-20T09:00:00Z",
    "sequence": "1",
    "data": {
        "location_id": "S367",
        "till_id": "2",
        "receipt_id": "31198459022",
        "lines": [{"sku": "995242", "quantity": 1, "unit_price": {"amount": 150, "currency": "USD"}}],
        "member_id": "900",
    },
}


@router.post(
    "",
    status_code=202,
    summary="Tell what happened at a till",
    description=f"CloudEvents 1.0: structured (`{STRUCTURED}`), batch (`{BATCH}`, at most {BATCH_LIMIT} events) or"
    " binary (`ce-…` headers). `(source, id)` is the identity: sent any number of times, over HTTP or the bus, an event"
    " counts once. Facts are never refused for lack of stock; what can never take effect is rejected with its reason"
    f" and kept as a dead letter. Types: {ALLOWED_TYPES}.",
    response_model=EventsReport,
    responses=responses(
        "unauthenticated", "forbidden", "malformed_event", "unsupported_media_type", "body_too_large", "overloaded"
    ),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                STRUCTURED: {"schema": {"type": "object"}, "example": _EXAMPLE},
                BATCH: {"schema": {"type": "array", "items": {"type": "object"}}, "example": [_EXAMPLE]},
                "application/json": {
                    "schema": {"type": "object"},
                    "example": _EXAMPLE["data"],
                },
            },
        }
    },
)
async def post(
    request: Request, doors: Inventory, principal: Annotated[Principal, allow("operator", "till", "store-staff")]
) -> Response:
    readings = await _readings(request, doors.clock())
    for reading in readings:
        if not isinstance(reading, DeadLetter):
            principal.require_location(reading.data.location_id)
    return await doors.till_events(readings)


async def _readings(request: Request, now: datetime) -> list[Reading]:
    body = await request.body()
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if kind == BATCH:
            members = batch_members(body)
            if len(members) > BATCH_LIMIT:
                raise InvalidRequest("", f"a batch holds at most {BATCH_LIMIT} events; send more in parts")
            return [_member(index, member, now) for index, member in enumerate(members)]
        if kind == STRUCTURED:
            return [_judged(from_structured(body))]
        if "ce-specversion" in request.headers:
            return [_judged(from_http_binary(request.headers.items(), body))]
    except MalformedEvent as error:
        fault = {"pointer": error.pointer, "detail": error.detail}
        raise DomainError("malformed_event", "This is no CloudEvent 1.0.", errors=[fault]) from error
    raise DomainError("unsupported_media_type", f"Send {STRUCTURED}, {BATCH}, or ce-… headers with the data.")


def _member(index: int, members: Any, now: datetime) -> Reading:
    """One member of a batch; a malformed one is rejected alone, under the identity it has, or one made here."""
    try:
        return _judged(from_object(members))
    except MalformedEvent as error:
        nameless = Event(
            id=_named(members, "id") or new_id(),
            source=_named(members, "source") or SOURCE,
            type=_named(members, "type") or "unknown",
            time=now,
            key="",
            data=to_json(members),
            extensions={"receivedat": rfc3339(now)},
        )
        detail = f"/{index}{error.pointer}: {error.detail}"
        return DeadLetter(tills.TOPIC, nameless, "malformed_event", detail, {"content-type": STRUCTURED})


def _named(members: Any, attribute: str) -> str:
    """The attribute of a malformed event, where it is one that a dead letter can have."""
    value = members.get(attribute) if isinstance(members, dict) else None
    return value if isinstance(value, str) and len(value) <= ENVELOPE_LIMIT and "\0" not in value else ""


def _judged(event: Event) -> Reading:
    if event.type not in KINDS:
        detail = f"/type: tills do not send {event.type}; they send {ALLOWED_TYPES}"
        return DeadLetter(tills.TOPIC, event, "unknown_event_type", detail)
    return read_event(tills.TOPIC, event)
