"""The models of the contract as the Schema Objects of AsyncAPI: JSON Schema draft 07, every model named once."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

Schema = dict[str, Any]
_TEMPLATE = "#/components/schemas/{model}"


def schemas_of(models: Iterable[type[BaseModel]]) -> tuple[dict[type[BaseModel], Schema], dict[str, Schema]]:
    """For each model the reference to its schema; and all schemas that these lead to, by name."""
    wanted = list(models)
    references, document = models_json_schema([(model, "validation") for model in wanted], ref_template=_TEMPLATE)
    named = {name: adapted(schema) for name, schema in sorted(document.get("$defs", {}).items())}
    return {model: references[(model, "validation")] for model in wanted}, named


def properties_of(model: type[BaseModel]) -> tuple[dict[str, Schema], list[str]]:
    """The properties of a flat model, and which of them are required."""
    schema = adapted(model.model_json_schema())
    return {name: _without_null(part) for name, part in schema["properties"].items()}, schema.get("required", [])


def adapted(schema: Any) -> Any:
    """The same schema in AsyncAPI's words.

    A discriminator is the property's name alone. Beside a `$ref` draft 07 reads nothing, so the reference moves into
    an `allOf`. The titles that pydantic makes of field names say nothing new.
    """
    if isinstance(schema, list):
        return [adapted(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    parts = {word: _adapted_member(word, part) for word, part in schema.items()}
    if "$ref" in parts and len(parts) > 1:
        parts["allOf"] = [{"$ref": parts.pop("$ref")}]
    return parts


def _adapted_member(word: str, part: Any) -> Any:
    if word == "discriminator":
        return part["propertyName"]
    if word in ("examples", "default", "enum", "const"):
        return part
    if word == "properties":
        return {name: adapted(_without_title(member)) for name, member in part.items()}
    return adapted(part)


def _without_title(schema: Mapping[str, Any]) -> Schema:
    return {word: part for word, part in schema.items() if word != "title"}


def _without_null(schema: Schema) -> Schema:
    """For text that is there or is not: a header cannot be null."""
    present = [part for part in schema.get("anyOf", []) if part.get("type") != "null"]
    if len(present) != 1:
        return schema
    return {**present[0]} | {word: part for word, part in schema.items() if word not in ("anyOf", "default")}
