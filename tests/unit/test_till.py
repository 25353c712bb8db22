"""The reference till, where something else than Zaiko answers in between."""

import json
from collections.abc import Callable

import httpx
import pytest

from services.till import RETRY_LIMIT_S, NotTaken, over_https

EVENTS = [{"id": str(number)} for number in range(7)]


def between(answer: Callable[[httpx.Request], httpx.Response]) -> httpx.Client:
    return httpx.Client(base_url="http://shop.example/inventory", transport=httpx.MockTransport(answer))


@pytest.mark.parametrize(
    ("answer", "pause_s"),
    [
        (httpx.Response(503, headers={"Retry-After": "7"}), 7),
        (httpx.Response(429, headers={"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}), 0),
        (httpx.Response(500), 0),
        (httpx.Response(401), RETRY_LIMIT_S),
        (httpx.Response(403), RETRY_LIMIT_S),
        (httpx.Response(302, headers={"Location": "http://portal.example"}), 0),
        (httpx.Response(200, text="<html>Welcome to the guest network</html>"), 0),
        (httpx.Response(202, text="<html>Welcome to the guest network</html>"), 0),
        (httpx.Response(202, json={}), 0),
    ],
)
def test_what_was_not_taken_waits_as_long_as_it_is_told(answer: httpx.Response, pause_s: float) -> None:
    with pytest.raises(NotTaken) as fault:
        over_https(between(lambda _: answer), EVENTS)
    assert fault.value.args[1] == pause_s


def test_what_cannot_be_taken_together_is_sent_in_halves_until_the_fault_is_alone() -> None:
    taken: list[str] = []

    def gateway(request: httpx.Request) -> httpx.Response:
        ids = [event["id"] for event in json.loads(request.content)]
        if "4" in ids:
            return httpx.Response(413, text="too large")
        taken.extend(ids)
        return httpx.Response(202, json={"accepted": len(ids), "duplicates": 0, "rejected": []})

    assert over_https(between(gateway), EVENTS) == {"4": "413: too large"}
    assert taken == ["0", "1", "2", "3", "5", "6"]
