"""CloudEvents 1.0: the envelope of everything on the bus, and its forms on the wire.

The data stays bytes until the one model that knows it reads it, so an event is parsed once.
Forms: binary for messages (Kafka protocol binding 3.2); binary, structured and batch for HTTP (HTTP binding 3).
"""

import re
from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any, Generic, NamedTuple, TypeVar
from urllib.parse import unquote

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic_core import from_json, to_json

from shared.contracts.values import WITHOUT_NUL, Instant, rfc3339

DataT = TypeVar("DataT", bound=BaseModel)

JSON = "application/json"
ENVELOPE_LIMIT = 512
"""Characters of an attribute that Zaiko asks for."""
EnvelopeText = Annotated[str, StringConstraints(min_length=1, max_length=ENVELOPE_LIMIT, pattern=WITHOUT_NUL)]


class Attributes(BaseModel):
    """The context attributes that Zaiko asks for; `time` is required, because a fact without its instant is none."""

    model_config = ConfigDict(extra="allow")

    specversion: Annotated[str, StringConstraints(pattern=r"^1\.0$")] = Field(examples=["1.0"])
    id: EnvelopeText = Field(
        description="Unique within its source: `(source, id)` counts once, however often it comes",
        examples=["31198459022"],
    )
    source: EnvelopeText = Field(description="Who says it, a URI reference", examples=["/locations/S367/tills/2"])
    type: EnvelopeText = Field(description="Which type of event it is, with its version")
    time: Instant = Field(description="When it happened at the source, RFC 3339 with an offset")


class Event(NamedTuple):
    """One CloudEvent. `(source, id)` is its identity; `key` decides its partition, and with it its order."""

    id: str
    source: str
    type: str
    time: datetime
    key: str
    data: bytes
    extensions: Mapping[str, str] = MappingProxyType({})
    content_type: str = JSON
    """Of the data (`datacontenttype`)."""

    @property
    def sequence(self) -> int | None:
        """The `sequence` extension: a till numbers its events 1, 2, 3…; None where it is absent or no number."""
        text = self.extensions.get("sequence", "")
        return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None

    @property
    def sent_at(self) -> datetime | None:
        """The `sentat` extension: what the sender's clock showed when it sent; None where absent or no instant."""
        text = self.extensions.get("sentat")
        if text is None:
            return None
        try:
            instant = datetime.fromisoformat(text)
        except ValueError:
            return None
        return instant if instant.tzinfo is not None else None


@dataclass(frozen=True, slots=True)
class EventType(Generic[DataT]):
    """One row of the contract: a type's name, its topic, the shape of its data and the key that orders it.

    `summary` says in a sentence what happened.
    """

    name: str
    topic: str
    data: type[DataT]
    key: Callable[[DataT], str]
    summary: str = ""

    def event(
        self,
        data: DataT,
        *,
        event_id: str,
        source: str,
        time: datetime,
        extensions: Mapping[str, str] | None = None,
    ) -> Event:
        body = data.model_dump_json(exclude_none=True).encode()
        return Event(event_id, source, self.name, time, self.key(data), body, extensions or {})

    def made_of(
        self,
        members: Mapping[str, Any],
        *,
        key: str,
        event_id: str,
        source: str,
        time: datetime,
        extensions: Mapping[str, str] | None = None,
    ) -> Event:
        """The same from the members of the data, which the caller vouches for: for events by the thousand."""
        return Event(event_id, source, self.name, time, key, to_json(members), extensions or {})

    def read(self, event: Event) -> DataT:
        """The event's data, validated. Raises pydantic's ValidationError."""
        return self.data.model_validate_json(event.data)


class MalformedEvent(Exception):
    """Bytes that are no CloudEvent: `pointer` names the attribute, `detail` what is wrong with it."""

    def __init__(self, pointer: str, detail: str) -> None:
        super().__init__(f"{pointer}: {detail}")
        self.pointer = pointer
        self.detail = detail


def to_headers(event: Event) -> dict[str, str]:
    """The attributes as message headers of the Kafka protocol binding, binary content mode."""
    headers = {
        "ce_specversion": "1.0",
        "ce_id": event.id,
        "ce_source": event.source,
        "ce_type": event.type,
        "ce_time": rfc3339(event.time),
        "content-type": event.content_type,
    }
    for name, value in event.extensions.items():
        headers[f"ce_{name}"] = value
    return headers


def from_message(headers: Mapping[str, str], key: str, value: bytes) -> Event:
    """A message of the bus as an event, binary or structured. Raises MalformedEvent."""
    if headers.get("content-type", "").startswith("application/cloudevents+json"):
        return from_structured(value, key)
    attributes = {name[3:]: text for name, text in headers.items() if name.startswith("ce_")}
    return _event(attributes, key, value, headers.get("content-type") or JSON)


def from_http_binary(headers: Iterable[tuple[str, str]], body: bytes) -> Event:
    """An HTTP request in binary content mode; header names are in lower case."""
    named = dict(headers)
    attributes = {name[3:]: _unescaped(text) for name, text in named.items() if name.startswith("ce-")}
    return _event(attributes, "", body, named.get("content-type") or JSON)


def from_structured(body: bytes, key: str = "") -> Event:
    """One JSON object with attributes and `data` side by side (JSON event format 3)."""
    return from_object(_json(body), key)


def batch_members(body: bytes) -> list[Any]:
    """The members of a JSON batch (JSON event format 4), still unread, so that each is judged alone."""
    members = _json(body)
    if not isinstance(members, list):
        raise MalformedEvent("", "a batch is a JSON array of events")
    return members


def from_object(members: Any, key: str = "") -> Event:
    """A parsed JSON object as an event. Raises MalformedEvent."""
    if not isinstance(members, dict):
        raise MalformedEvent("", "an event is a JSON object")
    attributes = {name: value for name, value in members.items() if name not in _DATA and value is not None}
    content_type = attributes.pop("datacontenttype", JSON)
    if not isinstance(content_type, str):
        raise MalformedEvent("/datacontenttype", "a media type is text")
    return _event(attributes, key, _data(members, content_type), content_type)


def pointer(location: Iterable[str | int]) -> str:
    """A JSON Pointer (RFC 6901) from the path that pydantic gives."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)


def _json(body: bytes) -> Any:
    try:
        return from_json(body)
    except ValueError as error:
        raise MalformedEvent("", f"not JSON: {error}") from error


def _data(members: Mapping[str, Any], content_type: str) -> bytes:
    """The data's bytes: a JSON value as JSON, other text as it is, `data_base64` decoded (JSON format 3.1)."""
    if "data_base64" not in members:
        data = members.get("data")
        return data.encode() if isinstance(data, str) and not _JSON_TYPE.match(content_type) else to_json(data)
    if "data" in members:
        raise MalformedEvent("/data_base64", "an event has data or data_base64, not both")
    try:
        return b64decode(members["data_base64"], validate=True)
    except (TypeError, ValueError) as error:
        raise MalformedEvent("/data_base64", f"not Base64: {error}") from error


def _unescaped(text: str) -> str:
    """The value of an HTTP header: unquoted first, then percent-decoded once (HTTP binding 3.1.3.2)."""
    if len(text) > 1 and text.startswith('"') and text.endswith('"'):
        text = re.sub(r"\\(.)", r"\1", text[1:-1])
    return unquote(text)


_DATA = ("data", "data_base64")
_STANDARD = {"specversion", "id", "source", "type", "time", "datacontenttype"}
_JSON_TYPE = re.compile(r"[^;]*[/+]json\s*(;|$)", re.IGNORECASE)


def _event(attributes: Mapping[str, Any], key: str, data: bytes, content_type: str) -> Event:
    try:
        known = Attributes.model_validate(attributes)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        raise MalformedEvent(pointer(first["loc"]), first["msg"]) from error
    extensions = {name: _canonical(value) for name, value in attributes.items() if name not in _STANDARD}
    return Event(known.id, known.source, known.type, known.time, key, data, extensions, content_type)


def _canonical(value: Any) -> str:
    """An attribute's value as text, in the words of CloudEvents: `true`, not `True`."""
    return str(value).lower() if isinstance(value, bool) else str(value)
