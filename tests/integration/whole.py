"""Zaiko as a whole in this process: three services on one database, a clock that can be moved, and all of the bus."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from services.installation import BusName, Installation
from services.together import create_app
from shared.bus.base import Bus, Message
from shared.bus.kafka import KafkaBus
from shared.bus.postgres import PostgresBus
from shared.contracts.registry import TOPICS, Topic
from shared.http.auth import issue
from shared.principal import Role
from tests.clocks import MovableClock
from tests.conditions import eventually_async

SECRET = "a secret that is only good for tests"


class Zaiko:
    """Everything that outsiders can do, and the bus as an outsider sees it."""

    def __init__(self, app: FastAPI, clock: MovableClock, bus: Bus, topics: Mapping[str, str]) -> None:
        self._app = app
        self.clock = clock
        self.bus = bus
        self._topics = topics

    async def ask(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """The answer's body; options are those of `answer`. AssertionError for an error."""
        answer = await self.answer(method, path, body, **options)
        assert answer.status_code < 300, answer.text
        return answer.json()

    async def answer(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        role: Role = "operator",
        location_id: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """`body` is bytes as they are, or anything else as JSON."""
        token = issue(SECRET, role, location_id, self.clock())
        sent = {"content-type": "application/json", "authorization": f"Bearer {token}"} | (headers or {})
        transport = httpx.ASGITransport(self._app)
        async with httpx.AsyncClient(transport=transport, base_url="http://zaiko", timeout=30) as client:
            content = body if body is None or isinstance(body, bytes) else json.dumps(body)
            return await client.request(method, path, content=content, headers=sent)

    async def until(self, path: str, **members: Any) -> Any:
        """The answer of a GET, once it has these members."""
        found: list[Any] = []

        async def has_them() -> bool:
            answer = await self.answer("GET", path)
            if answer.status_code == 200:
                found.append(answer.json())
            return bool(found) and members.items() <= found[-1].items()

        has_them.__qualname__ = f"{path} has {members}"
        await eventually_async(has_them)
        return found[-1]

    async def on_the_bus(self) -> list[Message]:
        """Every message of every topic that there is, whether anybody knows the topic or not."""
        found: list[Message] = []
        for topic, address in self._topics.items():
            ends = await self.bus.end_offsets(topic)
            async with aclosing(self.bus.read(topic, {}, ends)) as records:
                found += [record.message._replace(topic=address) async for record in records]
        return found


@asynccontextmanager
async def running(
    name: BusName, database_url: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Zaiko]:
    """Zaiko on an empty database, with the bus of this name, until the context is left."""
    installation = Installation(
        database_url=database_url,
        token_secret=SECRET,
        base_url="http://zaiko",
        token_command="zaiko token",
        bus=name,
        kafka_bootstrap_servers=request.getfixturevalue("kafka_bootstrap") if name == "kafka" else "none:9092",
    )
    prefix = f"{uuid4().hex}." if name == "kafka" else ""
    monkeypatch.setenv("ZAIKO_TOPIC_PREFIX", prefix)
    clock = MovableClock()
    app = create_app(installation, clock=clock)
    async with app.router.lifespan_context(app):
        bus: Bus
        if name == "kafka":
            topics = {topic: f"{prefix}{topic}" for topic in TOPICS}
            bus = KafkaBus(installation.kafka_bootstrap_servers, topic_prefix=prefix)
        else:
            topics = {topic: topic for topic in await _topics_in(installation.database_url)}
            bus = PostgresBus(installation.database_url, topics={topic: Topic(topic) for topic in topics})
        await bus.start()
        try:
            yield Zaiko(app, clock, bus, topics)
        finally:
            await bus.stop()


async def _topics_in(database_url: str) -> list[str]:
    """The topics of the embedded log."""
    connection = await asyncpg.connect(database_url)
    try:
        return [topic for (topic,) in await connection.fetch("SELECT DISTINCT topic FROM bus.partitions")]
    finally:
        await connection.close()
