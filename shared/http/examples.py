"""Examples for the OpenAPI pages, put together from those that the fields carry: one source for both."""

from typing import Any

from shared.examples import example_of

JSON = "application/json"


def add_examples(document: dict[str, Any]) -> None:
    """Give every JSON body and every good JSON answer of the OpenAPI document an example where it has none."""
    schemas = document.get("components", {}).get("schemas", {})
    for path in document["paths"].values():
        for operation in path.values():
            contents = [operation.get("requestBody", {}).get("content", {})]
            contents += [
                answer.get("content", {}) for status, answer in operation["responses"].items() if status.startswith("2")
            ]
            for content in contents:
                body = content.get(JSON)
                if body is not None and "schema" in body and not {"example", "examples"} & body.keys():
                    body["example"] = example_of(body["schema"], schemas)
