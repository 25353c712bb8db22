"""Examples of what a JSON Schema takes, put together from those that its fields carry."""

from collections.abc import Mapping
from typing import Any

_BY_FORMAT = {"date-time": "2017-11-20T09:00:00Z", "date": "2017-11-20", "uuid": "019a1f6e-7c1b-7d5c-9a53-0d7f3b7f2f11"}
_BY_TYPE: Mapping[str, Any] = {"string": "text", "integer": 1, "number": 1.5, "boolean": True, "null": None}


def example_of(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Any:
    """A value that the JSON Schema takes, by the examples, constants and types it names."""
    if schema.get("examples"):
        return schema["examples"][0]
    if "example" in schema:
        return schema["example"]
    if "$ref" in schema:
        return example_of(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    for combined in ("allOf", "anyOf", "oneOf"):
        if combined in schema:
            return example_of(schema[combined][0], schemas)
    if schema.get("type") == "object":
        return {name: example_of(part, schemas) for name, part in schema.get("properties", {}).items()}
    if schema.get("type") == "array":
        return [example_of(schema.get("items", {}), schemas)]
    return _simple(schema)


def _simple(schema: Mapping[str, Any]) -> Any:
    if schema.get("default") is not None:
        return schema["default"]
    if schema.get("format") in _BY_FORMAT:
        return _BY_FORMAT[schema["format"]]
    return _BY_TYPE.get(schema.get("type", "string"), "text")
