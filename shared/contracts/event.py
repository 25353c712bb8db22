"""CloudEvents 1.0: the envelope of everything on the bus, and its forms on the wire.

The data stays bytes until the one model that knows it reads it, so an event is parsed once.
Forms: binary for messages (Kafka protocol binding 3.2); binary, structured and batch for HTTP (HTTP binding 3).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any, Generic, NamedTuple, TypeVar
from urllib.parse import unquote

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError
from pydantic_core import from_json, to_json

from shared.contracts.values import WITHOUT_NUL, Instant, rfc3339

DataT = TypeVar("DataT", bound=BaseModel)

EnvelopeText = Annotated[str, StringConstraints(min_length=1, max_length=512, pattern=WITHOUT_NUL)]


class _Attributes(BaseModel):
    """The context attributes that Zaiko asks for; `time` is required, because a fact without its instant is none."""

    model_config = ConfigDict(extra="allow")

    specversion: Annotated[str, StringConstraints(pattern=r"^1\.0$")]
    id: EnvelopeText
    source: EnvelopeText
    type: EnvelopeText
    time: Instant


class Event(NamedTuple):
    """One CloudEvent. `(source, id)` is its identity; `key` decides its partition, and with it its order."""

    id: str
    source: str
    type: str
    time: datetime
    key: str
    data: bytes
    extensions: Mapping[str, str] = MappingProxyType({})

    @property
    def sequence(self) -> int | None:
        """The `sequence` extension: a till numbers its events 1, 2, 3…; None where it is absent or no number."""
        text = self.extensions.get("sequence", "")
        return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


@dataclass(frozen=True, slots=True)
class EventType(Generic[DataT]):
    """One row of the contract: a type's name, its topic, the shape of its data and the key that orders it."""

    name: str
    topic: str
    data: type[DataT]
    key: Callable[[DataT], str]

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

    def made_of(self, members: Mapping[str, Any], *, key: str, event_id: str, source: str, time: datetime) -> Event:
        """The same from the members of the data, which the caller vouches for: for events by the thousand."""
        return Event(event_id, source, self.name, time, key, to_json(members))

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
    return {
        "ce_specversion": "1.0",
        "ce_id": event.id,
        "ce_source": event.source,
        "ce_type": event.type,
        "ce_time": rfc3339(event.time),
        "content-type": "application/json",
        **{f"ce_{name}": value for name, value in event.extensions.items()},
    }


def from_message(headers: Mapping[str, str], key: str, value: bytes) -> Event:
    """A message of the bus as an event, binary or structured. Raises MalformedEvent."""
    if headers.get("content-type", "").startswith("application/cloudevents+json"):
        return from_structured(value, key)
    attributes = {name[3:]: text for name, text in headers.items() if name.startswith("ce_")}
    return _event(attributes, key, value)


def from_http_binary(headers: Iterable[tuple[str, str]], body: bytes) -> Event:
    """An HTTP request in binary content mode; header values are percent-decoded (HTTP binding 3.1.3.2)."""
    attributes = {name[3:]: unquote(text) for name, text in headers if name.startswith("ce-")}
    return _event(attributes, "", body)


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
    attributes = {name: value for name, value in members.items() if name not in ("data", "data_base64")}
    return _event(attributes, key, to_json(members.get("data")))


def pointer(location: Iterable[str | int]) -> str:
    """A JSON Pointer (RFC 6901) from the path that pydantic gives."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)


def _json(body: bytes) -> Any:
    try:
        return from_json(body)
    except ValueError as error:
        raise MalformedEvent("", f"not JSON: {error}") from error


_STANDARD = {"specversion", "id", "source", "type", "time", "datacontenttype"}


def _event(attributes: Mapping[str, Any], key: str, data: bytes) -> Event:
    try:
        known = _Attributes.model_validate(attributes)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        raise MalformedEvent(pointer(first["loc"]), first["msg"]) from error
    extensions = {name: str(value) for name, value in attributes.items() if name not in _STANDARD}
    return Event(known.id, known.source, known.type, known.time, key, data, extensions)
