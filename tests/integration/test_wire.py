"""On the wire is what the AsyncAPI document says, and nothing else; all that it says is on the wire."""

import pytest

from services.installation import BusName
from shared.bus.base import Message
from shared.contracts import sales
from shared.contracts.registry import DEAD_LETTERS, EVENT_TYPES, TOPICS
from shared.contracts.till_health import GAP_OPEN, SILENT
from tests.conditions import eventually_async
from tests.integration.day import live_through, speak_again
from tests.integration.whole import Zaiko, running
from tests.wire import undocumented

EVERYTHING = {(kind.topic, kind.name) for kind in EVENT_TYPES.values()} | {(DEAD_LETTERS, "zaiko.till.lottery.v1")}
"""What the day tells: all that the document knows."""
SOURCES = {"tills": "/locations/", "inventory": "/inventory", "orders": "/orders", "pickup": "/pickup"}
"""Who writes on a topic → how its sources begin. What tills told keeps their source, also on `zaiko.sales`."""


@pytest.mark.parametrize("bus", ["postgres", pytest.param("kafka", marks=pytest.mark.kafka)])
async def test_a_whole_day_is_told_as_the_document_says(
    bus: BusName, database_url: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    for interval in ("LAPSE", "TILL_WATCH", "EXPIRY"):
        monkeypatch.setenv(f"ZAIKO_{interval}_INTERVAL_SECONDS", "0.2")
    async with running(bus, database_url, request, monkeypatch) as zaiko:
        await live_through(zaiko)
        await are_told(zaiko, {("zaiko.till-health", GAP_OPEN.name), ("zaiko.till-health", SILENT.name)})
        await speak_again(zaiko)
        await are_told(zaiko, EVERYTHING)
        document = await zaiko.ask("GET", "/asyncapi.json")
        messages = await zaiko.on_the_bus()
    assert undocumented(document, messages) == []
    for message in messages:
        topic = next(topic for topic in TOPICS.values() if message.topic.endswith(topic.name))
        if topic.name not in (sales.TOPIC, DEAD_LETTERS):
            assert message.headers["ce_source"].startswith(SOURCES[topic.written_by]), message


async def are_told(zaiko: Zaiko, wanted: set[tuple[str, str]]) -> None:
    """Wait until every topic and type of these is on the bus."""
    missing = set(wanted)

    async def nothing_is_missing() -> bool:
        for message in await zaiko.on_the_bus():
            missing.difference_update({(topic, kind) for topic, kind in missing if is_a(message, topic, kind)})
        nothing_is_missing.__qualname__ = f"{sorted(missing)} are on the bus"
        return not missing

    await eventually_async(nothing_is_missing)


def is_a(message: Message, topic: str, kind: str) -> bool:
    return message.topic.endswith(topic) and message.headers["ce_type"] == kind
