"""CloudEvents 1.0 through the real doors: what the feature files send comes out whole, as a dead letter of its type.

The type of the examples is none of ours, so the event cannot take effect, and is kept as it came with the reason.
"""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.installation import BusName
from shared.bus.base import Message
from shared.contracts import tills
from shared.contracts.extensions import DeadLetterExtensions
from shared.contracts.registry import DEAD_LETTERS
from tests.conditions import eventually_async
from tests.conformance.features import scenarios
from tests.integration.whole import Zaiko, running

pytestmark = pytest.mark.conformance
ADDED = set(DeadLetterExtensions.model_fields)
GATEWAY = "/inventory/v1/events"


async def letters(zaiko: Zaiko, count: int) -> list[Message]:
    """The dead letters, once there are so many."""
    found: list[Message] = []

    async def all_are_there() -> bool:
        found[:] = [message for message in await zaiko.on_the_bus() if message.topic.endswith(DEAD_LETTERS)]
        return len(found) >= count

    await eventually_async(all_are_there)
    return found


def read(letter: Message) -> tuple[dict[str, str], Any]:
    """The attributes with which the event came, and its data."""
    attributes = {name[3:]: value for name, value in letter.headers.items() if name.startswith("ce_")}
    came_with = {name: value for name, value in attributes.items() if name not in ADDED}
    return came_with | {"datacontenttype": letter.headers["content-type"]}, json.loads(letter.value)


def in_order(events: list[tuple[dict[str, str], Any]]) -> list[str]:
    """Comparable, whatever partition each one had."""
    return sorted(json.dumps(event, sort_keys=True) for event in events)


async def test_every_request_of_the_http_binding_comes_through_the_gateway(
    vectors: Path, database_url: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = list(scenarios((vectors / "cloudevents" / "http-protocol-binding.feature").read_text()))
    async with running("postgres", database_url, request, monkeypatch) as zaiko:
        for scenario in found:
            head, _, body = scenario.texts[0].partition("\n\n")
            headers = dict(line.lower().split(": ", 1) for line in head.splitlines()[1:])
            sent = {name: value for name, value in headers.items() if name not in ("host", "content-length")}
            report = await zaiko.ask("POST", GATEWAY, body.encode(), headers=sent)
            assert [entry["code"] for entry in report["rejected"]] == ["unknown_event_type"]
        came_out = [read(letter) for letter in await letters(zaiko, len(found))]
    assert in_order(came_out) == in_order([(s.tables[0], json.loads(s.texts[1])) for s in found])


async def test_the_sample_events_come_through_the_gateway_as_a_batch(
    vectors: Path, database_url: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The feature files have no batch; the samples, extensions and all, are sent as one (JSON event format 4)."""
    samples = list(yaml.load_all((vectors / "cloudevents" / "v1.yaml").read_text(), yaml.BaseLoader))
    expected = [sample["ContextAttributes"] | sample["ContextAttributes"].pop("Extensions") for sample in samples]
    data = [json.loads(sample["Data"]) for sample in samples]
    batch = [attributes | {"data": members} for attributes, members in zip(expected, data, strict=True)]
    async with running("postgres", database_url, request, monkeypatch) as zaiko:
        headers = {"content-type": "application/cloudevents-batch+json; charset=utf-8"}
        report = await zaiko.ask("POST", GATEWAY, batch, headers=headers)
        assert [entry["index"] for entry in report["rejected"]] == [0, 1]
        came_out = [read(letter) for letter in await letters(zaiko, len(samples))]
    json_type = {"datacontenttype": "application/json"}
    assert in_order(came_out) == in_order([(a | json_type, d) for a, d in zip(expected, data, strict=True)])


@pytest.mark.parametrize("bus", ["postgres", pytest.param("kafka", marks=pytest.mark.kafka)])
async def test_every_message_of_the_kafka_binding_comes_through_the_bus(
    vectors: Path, bus: BusName, database_url: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = list(scenarios((vectors / "cloudevents" / "kafka-protocol-binding.feature").read_text()))
    async with running(bus, database_url, request, monkeypatch) as zaiko:
        await zaiko.bus.publish([Message(tills.TOPIC, "S1", s.tables[0], s.texts[0].encode()) for s in found])
        came_out = [read(letter) for letter in await letters(zaiko, len(found))]
    assert in_order(came_out) == in_order([(s.tables[1], json.loads(s.texts[1])) for s in found])
