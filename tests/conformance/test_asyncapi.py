"""AsyncAPI 3.0: every document that Zaiko serves is one, and what it says is CloudEvents."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from pydantic_core import from_json

from shared.contracts.event import from_message, to_headers
from tests.documents import DOCUMENTS, WHOLE

pytestmark = pytest.mark.conformance
Document = dict[str, Any]


@pytest.fixture(scope="module")
def asyncapi(vectors: Path) -> Any:
    """The validator of AsyncAPI 3.0.0, in which the schemas of the bindings are bundled."""
    return jsonschema_rs.validator_for(json.loads((vectors / "asyncapi" / "schemas" / "3.0.0.json").read_text()))


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
def test_a_document_is_valid(asyncapi: Any, document: Document) -> None:
    assert [f"{fault.instance_path}: {fault.message}" for fault in asyncapi.iter_errors(document)] == []


def _without_a_title(document: Document) -> None:
    del document["info"]["title"]


def _with_an_action_that_is_none(document: Document) -> None:
    next(iter(document["operations"].values()))["action"] = "publish"


def _with_a_topic_that_is_cleaned_by_magic(document: Document) -> None:
    document["channels"]["zaiko.stock"]["bindings"]["kafka"]["topicConfiguration"]["cleanup.policy"] = ["magic"]


def _with_a_word_of_our_own(document: Document) -> None:
    document["components"]["messages"]["zaiko.order.placed.v1"]["writer"] = "orders"


@pytest.mark.parametrize(
    "spoil",
    [
        _without_a_title,
        _with_an_action_that_is_none,
        _with_a_topic_that_is_cleaned_by_magic,
        _with_a_word_of_our_own,
    ],
)
def test_a_document_that_is_spoilt_is_not_valid(asyncapi: Any, spoil: Callable[[Document], None]) -> None:
    document = copy.deepcopy(WHOLE)
    spoil(document)
    assert not asyncapi.is_valid(document)


@pytest.mark.parametrize(("part", "found"), [("channel", "channels"), ("message", "messages"), ("server", "servers")])
def test_the_kafka_bindings_are_those_of_the_standard(vectors: Path, part: str, found: str) -> None:
    bindings = vectors / "asyncapi" / "bindings" / "kafka" / "0.5.0"
    known = json.loads((vectors / "asyncapi" / "schemas" / "3.0.0.json").read_text())["definitions"]
    schema = json.loads((bindings / f"{part}.json").read_text()) | {"definitions": known}
    del schema["$id"]
    kafka = DOCUMENTS["all on Kafka"]
    parts = (kafka["components"] if found == "messages" else kafka)[found]
    assert parts
    for name, member in parts.items():
        jsonschema_rs.validator_for(schema).validate(member["bindings"]["kafka"])
        assert member["bindings"]["kafka"]["bindingVersion"] == "0.5.0", name


@pytest.mark.parametrize("message", WHOLE["components"]["messages"].values(), ids=WHOLE["components"]["messages"])
def test_an_example_is_a_cloudevent_also_in_structured_mode(vectors: Path, message: Document) -> None:
    schema = json.loads((vectors / "cloudevents" / "cloudevents-schema.json").read_text())
    example = message["examples"][0]
    event = from_message(example["headers"], "key", json.dumps(example["payload"]).encode())
    headers = to_headers(event)
    attributes = {name[3:]: value for name, value in headers.items() if name.startswith("ce_")}
    structured = attributes | {"datacontenttype": headers["content-type"], "data": from_json(event.data)}
    jsonschema_rs.validator_for(schema, validate_formats=True).validate(structured)
