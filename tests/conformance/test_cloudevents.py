"""CloudEvents 1.0: the feature files of the HTTP and Kafka protocol bindings."""

import json
from pathlib import Path
from urllib.parse import quote

import pytest
import yaml

from shared.contracts.event import Event, from_http_binary, from_message, from_structured
from shared.contracts.values import rfc3339
from tests.conformance.features import scenarios

pytestmark = pytest.mark.conformance


def attributes(event: Event) -> dict[str, str]:
    return {
        "specversion": "1.0",
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "time": rfc3339(event.time),
        "datacontenttype": event.content_type,
    }


def compare(event: Event, expected: dict[str, str], data: str) -> None:
    assert attributes(event) == expected
    assert json.loads(event.data) == json.loads(data)


def test_every_scenario_of_the_http_binding_is_read_right(vectors: Path) -> None:
    found = list(scenarios((vectors / "cloudevents" / "http-protocol-binding.feature").read_text()))
    assert len(found) == 4
    for scenario in found:
        head, _, body = scenario.texts[0].partition("\n\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head.splitlines()[1:])}
        if headers["content-type"].startswith("application/cloudevents+json"):
            event = from_structured(body.encode())
        else:
            event = from_http_binary(headers.items(), body.encode())
        compare(event, scenario.tables[0], scenario.texts[1])


def test_every_scenario_of_the_kafka_binding_is_read_right(vectors: Path) -> None:
    found = list(scenarios((vectors / "cloudevents" / "kafka-protocol-binding.feature").read_text()))
    assert len(found) == 3
    for scenario in found:
        headers, expected = scenario.tables
        compare(from_message(headers, "key", scenario.texts[0].encode()), expected, scenario.texts[1])


@pytest.mark.parametrize("is_quoted", [False, True])
def test_the_extensions_of_the_samples_survive_the_headers_of_http(vectors: Path, is_quoted: bool) -> None:
    for sample in yaml.load_all((vectors / "cloudevents" / "v1.yaml").read_text(), yaml.BaseLoader):
        expected = sample["ContextAttributes"].pop("Extensions")
        sent = [(f"ce-{name}", encoded(value, is_quoted)) for name, value in expected.items()]
        sent += [(f"ce-{name}", value) for name, value in sample["ContextAttributes"].items()]
        assert from_http_binary(sent, sample["Data"].encode()).extensions == expected


def encoded(value: str, is_quoted: bool) -> str:
    """As a header, percent-encoded (HTTP binding 3.1.3.2); quoted where a proxy has thought that better."""
    text = quote(value, safe=" {}:,")
    return f'"{text}"' if is_quoted else text
