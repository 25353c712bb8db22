"""Orders as a process of its own, killed without a word: nothing that was acknowledged is lost or told twice."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from sqlalchemy import text

from shared.contracts import orders as contract
from shared.database import Database
from shared.http.auth import issue
from tests.clocks import MovableClock
from tests.conditions import eventually_async
from tests.integration.orders.conftest import Start
from tests.integration.orders.service import SECRET, held, location, ship_body


@asynccontextmanager
async def process(database_url: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, httpx.AsyncClient]]:
    """`python -m services.orders serve`, and a storefront that speaks to it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "ZAIKO_DATABASE_URL": database_url,
        "ZAIKO_TOKEN_SECRET": SECRET,
        "ZAIKO_PORT": str(port),
        "ZAIKO_BUS": "postgres",
    }
    running = await asyncio.create_subprocess_exec(sys.executable, "-m", "services.orders", "serve", env=environment)
    headers = {"Authorization": f"Bearer {issue(SECRET, 'storefront', None, MovableClock()())}"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=30) as client:

        async def is_ready() -> bool:
            assert running.returncode is None
            try:
                return (await client.get("/health/ready")).status_code == 200
            except httpx.TransportError:
                return False

        await eventually_async(is_ready)
        try:
            yield running, client
        finally:
            if running.returncode is None:
                running.send_signal(signal.SIGTERM)
            await running.wait()


async def test_killed_after_the_answer_every_order_is_announced_and_decided(
    orders_url: str, orders_database: Database, start_orders: Start
) -> None:
    async with start_orders() as first:
        await first.applied(location("W1", "warehouse"))
    async with process(orders_url) as (running, client):
        answers = await asyncio.gather(
            *(client.post("/v1/orders", json=ship_body(external_id=f"W-{number}")) for number in range(50))
        )
        running.kill()
        await running.wait()
    ids = {answer.json()["order_id"] for answer in answers}
    assert {answer.status_code for answer in answers} == {202}
    async with start_orders() as again:
        assert {order.order_id for order in await again.announced(contract.PLACED)} == ids
        await again.applied(*(held(order_id, ("A", "W1", 1)) for order_id in ids))
        assert {(await again.get(order_id))["state"] for order_id in ids} == {"confirmed"}
        assert await again.violations() == []


async def test_killed_while_deciding_every_decision_takes_effect_once(
    orders_url: str, orders_database: Database, start_orders: Start
) -> None:
    async with start_orders() as first:
        await first.applied(location("W1", "warehouse"))
        ids = [await first.placed(ship_body()) for _ in range(100)]
        await first.published_everything()
        decided = text("SELECT count(*) FROM orders WHERE state = 'confirmed'")

        async def some_are_decided() -> bool:
            async with orders_database.reading() as connection:
                return bool((await connection.execute(decided)).scalar_one())

        async with process(orders_url) as (running, _):
            await first.publish(*(held(order_id, ("A", "W1", 1)) for order_id in ids))
            await eventually_async(some_are_decided)
            running.kill()
            await running.wait()
        for order_id in ids:
            await first.reaches(order_id, "confirmed")
        told = [order.order_id for order in await first.announced(contract.CONFIRMED)]
        assert sorted(set(told)) == sorted(ids)
        assert await first.violations() == []
        assert {len(await first.states(order_id)) for order_id in ids} == {2}
