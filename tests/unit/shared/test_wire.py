"""The look at the wire can fail: whatever is not in the document is named."""

import json
from typing import Any

import pytest

from shared.asyncapi.application import Application
from shared.asyncapi.document import document
from shared.bus.base import Message
from shared.settings import ServiceSettings
from tests.wire import undocumented

APPLICATIONS = [Application(name, "", ()) for name in ("inventory", "orders", "pickup")]
DOCUMENT = document("Zaiko", "1", APPLICATIONS, ServiceSettings())
ORDER = "zaiko.order.placed.v1"


def message(topic: str, name: str, **changes: Any) -> Message:
    """The example of a type as a message; `changes` are to its data."""
    known = DOCUMENT["components"]["messages"][name]
    example = known["examples"][0]
    key = known["bindings"]["kafka"]["key"]["examples"][0]
    return Message(topic, key, example["headers"], json.dumps(example["payload"] | changes).encode())


EXAMPLES = [
    message(channel["address"], reference["$ref"].rpartition("/")[2])
    for channel in DOCUMENT["channels"].values()
    for reference in channel["messages"].values()
]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.headers["ce_type"])
def test_an_example_is_as_the_document_says(example: Message) -> None:
    assert undocumented(DOCUMENT, [example]) == []


def test_an_unknown_topic_is_named() -> None:
    assert undocumented(DOCUMENT, [message("zaiko.orders2", ORDER)]) == ["zaiko.orders2: no such channel"]


def test_an_unknown_type_is_named() -> None:
    placed = message("zaiko.orders", ORDER)
    unheard = placed._replace(headers={**placed.headers, "ce_type": "zaiko.order.lost.v1"})
    assert undocumented(DOCUMENT, [unheard]) == ["zaiko.orders zaiko.order.lost.v1: no such message in this channel"]


def test_a_type_in_another_channel_is_named() -> None:
    assert undocumented(DOCUMENT, [message("zaiko.pickups", ORDER)]) == [
        f"zaiko.pickups {ORDER}: no such message in this channel"
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"gift": True},
        {"fulfilment": {"method": "pickup", "location_id": "S1", "gift": True}},
        {"lines": [{"sku": "A", "quantity": 1, "unit_price": {"amount": 1, "currency": "JPY"}, "gift": True}]},
    ],
    ids=["of the event", "of one of several objects", "of a line"],
)
def test_an_unknown_field_is_named(changes: dict[str, Any]) -> None:
    (fault,) = undocumented(DOCUMENT, [message("zaiko.orders", ORDER, **changes)])
    assert fault.startswith(f"zaiko.orders {ORDER}: ")


def test_an_unknown_header_is_named() -> None:
    placed = message("zaiko.orders", ORDER)
    (fault,) = undocumented(DOCUMENT, [placed._replace(headers={**placed.headers, "ce_gift": "yes"})])
    assert "ce_gift" in fault


def test_a_header_that_is_missing_is_named() -> None:
    placed = message("zaiko.orders", ORDER)
    headers = {name: value for name, value in placed.headers.items() if name != "ce_source"}
    (fault,) = undocumented(DOCUMENT, [placed._replace(headers=headers)])
    assert "ce_source" in fault


def test_a_key_that_is_made_otherwise_is_named() -> None:
    (fault,) = undocumented(DOCUMENT, [message("zaiko.orders", ORDER)._replace(key="web")])
    assert "the key web" in fault
