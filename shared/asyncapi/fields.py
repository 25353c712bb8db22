"""The fields of a schema, in the order in which a person reads them: `lines`, `lines[].sku`, …"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

Schemas = Mapping[str, Mapping[str, Any]]
_NUMBERS = ("integer", "number")


class Field(NamedTuple):
    """One row of the page; `kind` is what it may hold, in words."""

    path: str
    kind: str
    is_required: bool
    description: str


def fields_of(schema: Mapping[str, Any], schemas: Schemas, before: str = "") -> Iterator[Field]:
    """All fields of an object and of the objects in it; `before` stands before their names."""
    solved = solve(schema, schemas)
    required = solved.get("required", ())
    for name, part in solved.get("properties", {}).items():
        yield from _field(f"{before}{name}", solve(part, schemas), schemas, name in required)


def _field(path: str, schema: Mapping[str, Any], schemas: Schemas, is_required: bool) -> Iterator[Field]:
    yield Field(path, kind_of(schema, schemas), is_required, schema.get("description", ""))
    if schema.get("type") == "array":
        yield from fields_of(schema.get("items", {}), schemas, f"{path}[].")
    elif "oneOf" in schema:
        for choice in schema["oneOf"]:
            yield from fields_of(choice, schemas, f"{path}.")
    else:
        yield from fields_of(schema, schemas, f"{path}.")


def solve(schema: Mapping[str, Any], schemas: Schemas) -> Mapping[str, Any]:
    """The schema with its reference followed and its null left out; what stands beside a reference counts first."""
    rest = {word: part for word, part in schema.items() if word not in ("$ref", "allOf", "anyOf")}
    if "$ref" in schema:
        return {**solve(schemas[schema["$ref"].rpartition("/")[2]], schemas), **rest}
    choices = [part for part in schema.get("allOf", schema.get("anyOf", ())) if part.get("type") != "null"]
    if len(choices) == 1:
        return {**solve(choices[0], schemas), **rest}
    return schema


def kind_of(schema: Mapping[str, Any], schemas: Schemas) -> str:
    """What a field may hold: `text, at most 64 characters`, `list of objects`, `integer from 1`."""
    if "const" in schema:
        return f'"{schema["const"]}"'
    if "enum" in schema:
        return " or ".join(f'"{value}"' for value in schema["enum"])
    if "oneOf" in schema or "anyOf" in schema:
        return "one of several objects" + (f", by {schema['discriminator']}" if "discriminator" in schema else "")
    if schema.get("type") == "array":
        most = f", at most {schema['maxItems']:,}" if "maxItems" in schema else ""
        return f"list: {kind_of(solve(schema.get('items', {}), schemas), schemas)}{most}"
    if schema.get("format") == "date-time":
        return "instant"
    if schema.get("type") in _NUMBERS:
        return _number(schema)
    if schema.get("type") == "string":
        return "text" + (f", at most {schema['maxLength']} characters" if "maxLength" in schema else "")
    return str(schema.get("type", "anything"))


def _number(schema: Mapping[str, Any]) -> str:
    low = f" from {schema['minimum']:,}" if "minimum" in schema else ""
    high = f" to {schema['maximum']:,}" if "maximum" in schema else ""
    return f"{schema['type']}{low}{high}"
