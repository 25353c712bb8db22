"""One message of AsyncAPI for each event type, and one for the dead letters."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel
from pydantic_core import from_json

from shared.asyncapi.schemas import Schema, properties_of, schemas_of
from shared.contracts import sales, stock, tills
from shared.contracts.event import JSON, Attributes, Event, EventType, to_headers
from shared.contracts.extensions import DeadLetterExtensions, StockExtensions, TillExtensions
from shared.contracts.registry import DEAD_LETTERS, TOPICS
from shared.examples import example_of

KAFKA = "0.5.0"
"""The version of the Kafka bindings."""
EXTENSIONS: Mapping[str, type[BaseModel]] = {
    tills.TOPIC: TillExtensions,
    sales.TOPIC: TillExtensions,
    stock.TOPIC: StockExtensions,
    DEAD_LETTERS: DeadLetterExtensions,
}
"""Topic → the extension attributes of its events; the others have none."""
CORRELATING = ("order_id", "reference")
"""Keys that tie the events of one order or one cart together, over all topics."""
_TIME = datetime(2017, 11, 20, 9, tzinfo=UTC)
_TILL = "/locations/S367/tills/2"
_ID = "019a1f6e-7c1b-7d5c-9a53-0d7f3b7f2f00"


class _FieldNames:
    """Stands for an event's data, and answers for each field its name in braces."""

    def __getattr__(self, name: str) -> str:
        return f"{{{name}}}"


def key_template(kind: EventType[Any]) -> str:
    """What the key of a type is made of, in the words of its data: `{location_id}/{sku}`."""
    return kind.key(_FieldNames())


def message_of(kind: EventType[Any], payload: Schema, schemas: Mapping[str, Schema]) -> Schema:
    """The message of an event type; `payload` is the reference to the schema of its data."""
    key = key_template(kind)
    event = _example(kind, example_of(payload, schemas))
    message: Schema = {
        "name": kind.name,
        "title": title_of(kind.name),
        "summary": kind.summary or _first_line(kind.data.__doc__),
        "contentType": JSON,
        "headers": headers_of(kind.topic, kind.name),
        "payload": payload,
        "bindings": _key(f"`{key}`", event.key),
        "examples": [_shown(event)],
    }
    if key.strip("{}") in CORRELATING:
        message["correlationId"] = {
            "description": "The same in every event of one order, and in those of its reservation and its bag",
            "location": f"$message.payload#/{key.strip('{}')}",
        }
    return message


def dead_letter() -> Schema:
    """Any event, as it came; the example is a sale."""
    kind = tills.SALE
    references, schemas = schemas_of([kind.data])
    event = _example(kind, example_of(references[kind.data], schemas))
    reason = {"reasoncode": "unknown_location", "reason": "/location_id: there is no location S367"}
    event = event._replace(extensions={**event.extensions, **reason, "origintopic": kind.topic})
    return {
        "name": DEAD_LETTERS,
        "title": "Dead letter",
        "summary": "An event that could not take effect: as it came, with the reason in its extension attributes.",
        "contentType": JSON,
        "headers": headers_of(DEAD_LETTERS),
        "payload": {"description": "The data as it came; nothing is known about it"},
        "bindings": _key("The key as it came", event.key),
        "examples": [_shown(event)],
    }


def headers_of(topic: str, kind: str | None = None) -> Schema:
    """The headers of a message on the topic: the attributes of its event, of type `kind` where only that is meant."""
    properties, required = properties_of(Attributes)
    extensions, required_too = properties_of(EXTENSIONS[topic]) if topic in EXTENSIONS else ({}, [])
    headers = {f"ce_{name}": schema for name, schema in (properties | extensions).items()}
    if kind is not None:
        headers["ce_type"] = {"type": "string", "const": kind, "description": properties["type"]["description"]}
    headers["content-type"] = {"type": "string", "description": "Of the payload", "examples": [JSON]}
    return {
        "type": "object",
        "properties": headers,
        "required": [f"ce_{name}" for name in (*required, *required_too)],
    }


def title_of(name: str) -> str:
    """`zaiko.pickup.line_short.v1` → `Pickup line short`."""
    words = name.removeprefix("zaiko.").rpartition(".v")[0]
    return words.replace(".", " ").replace("_", " ").replace("-", " ").capitalize()


def _example(kind: EventType[Any], data: Any) -> Event:
    model = kind.data.model_validate(data)
    writer = TOPICS[kind.topic].written_by
    source = _TILL if EXTENSIONS.get(kind.topic) is TillExtensions else f"/{writer}"
    extensions = {"sequence": "1"} if source == _TILL else {}
    return kind.event(model, event_id=_ID, source=source, time=_TIME, extensions=extensions)


def _shown(event: Event) -> Schema:
    return {"name": "example", "headers": to_headers(event), "payload": from_json(event.data)}


def _key(made_of: str, example: str) -> Schema:
    description = f"{made_of}; events with the same key are in order"
    return {
        "kafka": {
            "key": {"type": "string", "description": description, "examples": [example]},
            "bindingVersion": KAFKA,
        }
    }


def _first_line(docstring: str | None) -> str:
    return (docstring or "").strip().partition("\n")[0]
