"""The AsyncAPI documents: they say what runs, they are whole, and the page shows all of it."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from html import unescape
from typing import Any

import pytest

from services.inventory import events as inventory
from services.inventory.usecases.tills import KINDS
from services.orders import events as orders
from services.orders.store.locations import Networks
from services.orders.usecases.elsewhere import Repairs
from services.pickup import events as pickup
from shared.asyncapi.fields import fields_of
from shared.asyncapi.page import page
from shared.clock import utc_now
from shared.contracts.registry import DEAD_LETTERS, EVENT_TYPES, TOPICS
from tests.documents import APPS, DOCUMENTS, WHOLE, get
from tests.wire import key_of, validator

MESSAGES = {name: part for name, part in WHOLE["components"]["messages"].items() if name != DEAD_LETTERS}
REPAIRS = Repairs(Networks(), candidates_limit=1, tries_limit=1)
ROUTES = {
    "inventory": [inventory.till_routes(utc_now), inventory.promise_routes(utc_now)],
    "orders": [
        orders.reservation_routes(utc_now),
        orders.pickup_routes(utc_now, REPAIRS),
        orders.return_routes(utc_now),
        orders.location_routes(),
        orders.stock_routes(utc_now, REPAIRS),
    ],
    "pickup": [pickup.routes(utc_now, timedelta(), timedelta()), pickup.webhook_routes(utc_now)],
}
each_document = pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for member in part.values():
            yield from references(member)
    elif isinstance(part, list):
        for member in part:
            yield from references(member)


def at(document: Any, reference: str) -> Any:
    """What the reference leads to. Raises KeyError where it leads nowhere."""
    for name in reference.removeprefix("#/").split("/"):
        document = document[name]
    return document


def told(document: Mapping[str, Any], action: str) -> set[str]:
    """The messages of all operations with the action."""
    operations = [operation for operation in document["operations"].values() if operation["action"] == action]
    return {part["$ref"].rpartition("/")[2] for operation in operations for part in operation["messages"]}


@each_document
def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    found = list(references(document))
    assert found
    for reference in found:
        assert at(document, reference)


@each_document
def test_an_operation_names_messages_of_its_own_channel(document: dict[str, Any]) -> None:
    for operation in document["operations"].values():
        channel = operation["channel"]["$ref"]
        assert operation["messages"]
        assert all(message["$ref"].startswith(f"{channel}/messages/") for message in operation["messages"])


@pytest.mark.parametrize("service", ROUTES)
def test_a_service_receives_what_its_routes_act_on(service: str) -> None:
    acted_on = {name for routes in ROUTES[service] for name in routes}
    read_by_streams = {"zaiko.stock.level_changed.v1"} if service == "inventory" else set()
    assert told(DOCUMENTS[service], "receive") == acted_on | read_by_streams


def test_every_type_is_sent_by_one_service_but_what_tills_send() -> None:
    senders = {name: [s for s in ROUTES if name in told(DOCUMENTS[s], "send")] for name in EVENT_TYPES}
    assert {name for name, found in senders.items() if len(found) != 1} == set(KINDS)
    assert all(senders[name] == [] for name in KINDS)


def test_the_document_of_all_has_every_topic_and_every_type() -> None:
    assert set(WHOLE["channels"]) == set(TOPICS)
    listed = {name for channel in WHOLE["channels"].values() for name in channel["messages"]}
    assert listed == {*EVENT_TYPES, "any"}


def test_the_servers_are_those_of_the_settings_and_the_embedded_log_has_none() -> None:
    servers = DOCUMENTS["all on Kafka"]["servers"]
    assert [server["host"] for server in servers.values()] == ["kafka-a:9092", "kafka-b:9092"]
    assert "servers" not in WHOLE
    assert "runs without a broker" in WHOLE["info"]["description"]


@pytest.mark.parametrize(("name", "message"), MESSAGES.items(), ids=MESSAGES)
def test_a_message_says_what_it_is_and_shows_one_that_is_taken(name: str, message: dict[str, Any]) -> None:
    assert message["summary"]
    example = message["examples"][0]
    data = EVENT_TYPES[name].data.model_validate(example["payload"])
    validator(WHOLE, message["payload"], strict=True).validate(example["payload"])
    validator(WHOLE, message["headers"], strict=True).validate(example["headers"])
    key = message["bindings"]["kafka"]["key"]["examples"][0]
    assert key == EVENT_TYPES[name].key(data) == key_of(message, example["payload"])


@pytest.mark.parametrize("app", APPS.values(), ids=APPS)
def test_the_page_shows_every_type_and_field_and_an_example(app: Any) -> None:
    document = get(app, "/asyncapi.json").json()
    answer = get(app, "/events")
    assert answer.headers["content-type"].startswith("text/html")
    text = unescape(re.sub(r"<[^>]+>", "", answer.text))
    for name, channel in document["channels"].items():
        assert channel["address"] in text
        for kind, part in channel["messages"].items():
            message = at(document, part["$ref"])
            assert f'id="{kind if kind != "any" else f"{name}.any"}"' in answer.text
            assert json.dumps(message["examples"][0]["payload"], ensure_ascii=False, indent=2) in text
            for field in fields_of(message["payload"], document["components"]["schemas"]):
                assert f"<td>{field.path}</td>" in answer.text


@pytest.mark.parametrize("app", APPS.values(), ids=APPS)
def test_the_page_leads_on_and_loads_nothing(app: Any) -> None:
    html = get(app, "/events").text
    anchors, links = set(re.findall(r' id="([^"]+)"', html)), set(re.findall(r'href="([^"#][^"]*)"', html))
    assert {link.removeprefix("#") for link in re.findall(r'href="(#[^"]+)"', html)} == anchors
    assert "asyncapi.json" in links
    for link in links - {"data:,"}:
        get(app, f"/{link.removeprefix('.')}")
    assert "<script" not in html
    assert not re.search(r"(src|href)=\"(https?:)?//", html)


def test_the_page_takes_no_text_for_html() -> None:
    evil = "<script>alert('`x`')</script>"
    document = json.loads(json.dumps(DOCUMENTS["pickup"]).replace("Bags at the counter", json.dumps(evil)[1:-1]))
    document["components"]["schemas"]["PickupChanged"]["properties"][evil] = {"type": "string", "description": evil}
    document["components"]["messages"]["zaiko.pickup.ready.v1"]["examples"][0]["payload"]["reason"] = evil
    assert "<script" not in page(document, {evil: f'"{evil}'}, "")


@pytest.mark.parametrize("service", ROUTES)
def test_the_pages_of_both_documents_lead_to_each_other(service: str) -> None:
    assert "[events](events)" in APPS[service].openapi()["info"]["description"]
    assert {"docs", "openapi.json"} <= set(re.findall(r'href="([^"]+)"', get(APPS[service], "/events").text))
