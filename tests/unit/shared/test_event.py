"""CloudEvents in and out: nothing of an event is lost on its way, and what is ambiguous is refused."""

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.event import (
    Event,
    MalformedEvent,
    from_http_binary,
    from_message,
    from_object,
    from_structured,
    to_headers,
)

REQUIRED = {"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "time": "2018-04-05T03:56:24Z"}
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=40)
EVENTS = st.builds(
    Event,
    id=TEXT,
    source=TEXT,
    type=TEXT,
    time=st.datetimes(datetime(1970, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    key=st.just("S1"),
    data=st.recursive(st.none() | st.integers() | TEXT, lambda part: st.dictionaries(TEXT, part)).map(
        lambda data: json.dumps(data).encode()
    ),
    extensions=st.dictionaries(st.sampled_from(["sequence", "sentat", "comexample"]), TEXT),
    content_type=st.sampled_from(["application/json", "application/json; charset=utf-8"]),
)


def structured(event: Event) -> bytes:
    attributes = {name[3:]: value for name, value in to_headers(event).items() if name.startswith("ce_")}
    members = attributes | {"datacontenttype": event.content_type, "data": json.loads(event.data)}
    return json.dumps(members).encode()


@given(EVENTS)
def test_an_event_comes_out_as_it_went_in_whatever_its_form(event: Event) -> None:
    headers = to_headers(event)
    assert from_message(headers, event.key, event.data) == event
    http = [(name.replace("ce_", "ce-", 1), quote(value, safe="")) for name, value in headers.items()]
    binary = [(name, event.content_type if name == "content-type" else value) for name, value in http]
    assert from_http_binary(binary, event.data)._replace(key=event.key) == event
    for content_type in ("application/cloudevents+json", "application/cloudevents+json; charset=utf-8"):
        read = from_message({"content-type": content_type}, event.key, structured(event))
        assert json.loads(read.data) == json.loads(event.data)
        assert read._replace(data=event.data) == event


@pytest.mark.parametrize(
    ("members", "data", "content_type"),
    [
        ({"data": {"a": 1}}, b'{"a":1}', "application/json"),
        ({"data_base64": "eyJhIjogMX0="}, b'{"a": 1}', "application/json"),
        ({"data": "<a/>", "datacontenttype": "text/xml"}, b"<a/>", "text/xml"),
        ({"data": "a", "datacontenttype": "application/a+json; v=1"}, b'"a"', "application/a+json; v=1"),
        ({"datacontenttype": None, "data": None}, b"null", "application/json"),
    ],
    ids=["JSON", "Base64", "text", "JSON that is text", "null is absent"],
)
def test_the_data_of_structured_mode_is_what_was_meant(members: dict[str, Any], data: bytes, content_type: str) -> None:
    event = from_structured(json.dumps(REQUIRED | members).encode())
    assert (event.data, event.content_type) == (data, content_type)


@pytest.mark.parametrize("members", [{"data": 1, "data_base64": "MQ=="}, {"data_base64": "?"}, {"data_base64": 1}])
def test_data_that_is_ambiguous_or_no_base64_is_malformed(members: dict[str, Any]) -> None:
    with pytest.raises(MalformedEvent, match="/data_base64"):
        from_object(REQUIRED | members)


def test_a_media_type_that_is_no_text_is_malformed() -> None:
    with pytest.raises(MalformedEvent, match="/datacontenttype"):
        from_object(REQUIRED | {"datacontenttype": 7})


def test_an_extension_that_is_no_text_is_read_in_its_canonical_form() -> None:
    event = from_object(REQUIRED | {"urgent": True, "weight": 3, "absent": None})
    assert event.extensions == {"urgent": "true", "weight": "3"}
