"""Tills on a bad day, in simulated time: offline for hours, late, out of order, and saying things twice.

A till that is offline sends what it has when it is back. One fact in four is late, by up to eight hours; one in ten is
sent again, by either door, up to eight hours after it happened. What so comes from all tills, in the order of its
arrival, is then shuffled: each is taken at random from the next 200 that are left.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from random import Random
from typing import NamedTuple

import httpx

from shared.bus.base import Bus, Message
from shared.contracts.event import to_headers
from shared.contracts.tills import TOPIC
from shared.statements import chunks
from tests.system.real_day import MIDNIGHT, Fact

LATE_LIMIT = timedelta(hours=8)
LATE_ONE_IN = 4
AGAIN_ONE_IN = 10
WINDOW = 200
ONLINE_HOURS = (0.5, 4.0)
OFFLINE_HOURS = (0.25, 3.0)
STRETCH = 150
SENT_TOGETHER_LIMIT = 25
HEADERS = {"content-type": "application/cloudevents-batch+json"}


class Sending(NamedTuple):
    """A fact on its way, by the bus or through the gateway; `at` is when it would arrive."""

    at: datetime
    fact: Fact
    by_bus: bool


def bad_day(facts: Iterable[Fact], chance: Random) -> list[Sending]:
    """What all tills send, every other till by the bus, in the order of its arrival and then shuffled."""
    by_till = groupby(sorted(facts, key=lambda fact: fact.source), key=lambda fact: fact.source)
    sendings = [s for n, (_, told) in enumerate(by_till) for s in _sent(list(told), chance, by_bus=n % 2 == 1)]
    sendings.sort(key=lambda sending: sending.at)
    return [sendings.pop(chance.randrange(min(WINDOW, len(sendings)))) for _ in range(len(sendings))]


def _sent(facts: Sequence[Fact], chance: Random, *, by_bus: bool) -> list[Sending]:
    """What one till sends; `by_bus` is its usual door."""
    offline = _offline(chance)
    sendings = []
    for fact in facts:
        back = next((end for start, end in offline if start <= fact.at < end), fact.at)
        late = fact.at + chance.random() * LATE_LIMIT if chance.randrange(LATE_ONE_IN) == 0 else fact.at
        sendings.append(Sending(max(back, late), fact, by_bus))
        if chance.randrange(AGAIN_ONE_IN) == 0:
            sendings.append(Sending(fact.at + chance.random() * LATE_LIMIT, fact, chance.random() < 0.5))
    return sendings


def _offline(chance: Random) -> list[tuple[datetime, datetime]]:
    """From when until when the till is offline."""
    spans, at = [], MIDNIGHT
    while at < MIDNIGHT + timedelta(days=1):
        start = at + timedelta(hours=chance.uniform(*ONLINE_HOURS))
        at = start + timedelta(hours=chance.uniform(*OFFLINE_HOURS))
        spans.append((start, at))
    return spans


async def send_all(sendings: Sequence[Sending], client: httpx.AsyncClient, bus: Bus, chance: Random) -> None:
    """All of it, a stretch after the other; what a stretch has of each till is sent beside that of the others."""
    for stretch in chunks(sendings, STRETCH):
        tills: dict[str, list[Sending]] = defaultdict(list)
        for sending in stretch:
            tills[sending.fact.source].append(sending)
        await asyncio.gather(*(_send(till, client, bus, Random(chance.random())) for till in tills.values()))


async def _send(sendings: Sequence[Sending], client: httpx.AsyncClient, bus: Bus, chance: Random) -> None:
    for by_bus, run in groupby(sendings, key=lambda sending: sending.by_bus):
        facts = [sending.fact for sending in run]
        for together in chunks(facts, chance.randint(1, SENT_TOGETHER_LIMIT)):
            await (publish(bus, together) if by_bus else post(client, together))


async def post(client: httpx.AsyncClient, facts: Sequence[Fact]) -> None:
    """Through the gateway."""
    answer = await client.post("/inventory/v1/events", json=[fact.told() for fact in facts], headers=HEADERS)
    assert (answer.status_code, answer.json()["rejected"]) == (202, [])


async def publish(bus: Bus, facts: Sequence[Fact]) -> None:
    """Straight on the bus."""
    events = [fact.event() for fact in facts]
    await bus.publish([Message(TOPIC, event.key, to_headers(event), event.data) for event in events])
