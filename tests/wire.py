"""What is on the wire, held against an AsyncAPI document: a topic, type, header or field that is not in it is named."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import jsonschema_rs
from pydantic_core import from_json

from shared.bus.base import Message
from shared.contracts.registry import DEAD_LETTERS

DRAFT = "http://json-schema.org/draft-07/schema#"


def undocumented(document: Mapping[str, Any], messages: Iterable[Message]) -> list[str]:
    """Each fault once, in words; empty where everything on the wire is in the document, as the document says."""
    return sorted({fault for message in messages for fault in _faults(document, message)})


def validator(document: Mapping[str, Any], schema: Mapping[str, Any], *, strict: bool = False) -> Any:
    """A validator for a schema of the document; a strict one takes no property that no schema names."""
    whole = {"$schema": DRAFT, "allOf": [schema], "components": {"schemas": document["components"]["schemas"]}}
    return jsonschema_rs.validator_for(closed(whole) if strict else whole, validate_formats=True)


def closed(schema: Any) -> Any:
    """The same schema with every object closed to properties that it does not name."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    parts = {word: closed(part) for word, part in schema.items()}
    return parts | {"additionalProperties": False} if isinstance(schema.get("properties"), dict) else parts


def _faults(document: Mapping[str, Any], message: Message) -> Iterator[str]:
    channel = _channel(document, message.topic)
    if channel is None:
        yield f"{message.topic}: no such channel"
        return
    kind = message.headers.get("ce_type", "")
    name = "any" if channel == DEAD_LETTERS else kind
    reference = document["channels"][channel]["messages"].get(name)
    if reference is None:
        yield f"{message.topic} {kind}: no such message in this channel"
        return
    known = document["components"]["messages"][reference["$ref"].rpartition("/")[2]]
    # Anybody's event may be a dead letter, with whatever attributes it has.
    headers = validator(document, known["headers"], strict=channel != DEAD_LETTERS)
    yield from (f"{message.topic} {kind}: headers: {fault.message}" for fault in headers.iter_errors(message.headers))
    if channel != DEAD_LETTERS:
        data = from_json(message.value)
        payload = validator(document, known["payload"], strict=True)
        yield from (f"{message.topic} {kind}: {fault.message}" for fault in payload.iter_errors(data))
        if message.key != key_of(known, data):
            yield f"{message.topic} {kind}: the key {message.key} is not made as the document says"


def key_of(message: Mapping[str, Any], data: Any) -> str:
    """The key that the document promises for the data: `{location_id}/{sku}`, filled in."""
    made_of = re.search(r"`(.+)`", message["bindings"]["kafka"]["key"]["description"])
    assert made_of is not None
    return re.sub(r"\{(\w+)\}", lambda field: str(data.get(field.group(1))), made_of.group(1))


def _channel(document: Mapping[str, Any], topic: str) -> str | None:
    return next((name for name, channel in document["channels"].items() if channel["address"] == topic), None)
