"""The client of the load: answers in pieces, and requests that a server can read."""

import httptools
import pytest

from tests.bench.connection import Client, content_length, encoded

ANSWER = b"HTTP/1.1 201 Created\r\nDate: today\r\ncontent-length: 5\r\n\r\nhello"


class Listening(Client):
    def __init__(self) -> None:
        super().__init__()
        self.answers: list[tuple[int, bytes]] = []

    def answered(self, status: int, body: bytes) -> None:
        self.answers.append((status, body))


@pytest.mark.parametrize("cut", range(len(ANSWER) + 1))
def test_an_answer_may_come_in_pieces(cut: int) -> None:
    client = Listening()
    for _ in range(2):
        for piece in filter(None, (ANSWER[:cut], ANSWER[cut:])):
            client.data_received(piece)
    assert client.answers == [(201, b"hello")] * 2


def test_the_length_is_read_whatever_its_case() -> None:
    assert content_length(b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\nServer: x") == 12
    with pytest.raises(ValueError, match="not found"):
        content_length(b"HTTP/1.1 200 OK\r\nServer: x")


def test_a_request_is_http() -> None:
    read: dict[str, object] = {}

    class Reader:
        def on_url(self, url: bytes) -> None:
            read["url"] = url

        def on_header(self, name: bytes, value: bytes) -> None:
            read[name.decode().lower()] = value

        def on_body(self, body: bytes) -> None:
            read["body"] = body

    request = {"method": "POST", "path": "/v1/a?b=c", "headers": {"Prefer": "wait=10"}, "body": {"é": 1}}
    httptools.HttpRequestParser(Reader()).feed_data(encoded(request))
    assert read["url"] == b"/v1/a?b=c"
    assert read["prefer"] == b"wait=10"
    assert read["body"] == b'{"\\u00e9": 1}'
