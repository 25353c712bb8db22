"""Sales at a steady pace from a process of its own, and when each of them shows.

A job comes as JSON on stdin: `{port, headers, per_second, seconds, rounds, skus, places}`; the site is in the
environment. The result goes to stdout, for each round `{median_ms, p99_ms}` of `reference`, its `round_trip`, `bus`
and `http`, and `processor_share`, what this process took of one core while sales went over the bus.
"""

import asyncio
import gc
import json
import logging
import sys
import time
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any, NamedTuple

import uvloop

from shared.bus.base import Bus, Message
from shared.bus.opening import open_bus, started
from shared.settings import ServiceSettings
from tests.bench.connection import Connection, encoded
from tests.bench.observer import Observer, Shelf
from tests.bench.pace import at_pace, own_bus, percentiles, references
from tests.bench.receipts import Line, Receipt, message

ASKED_ONE_IN = 25
"""So many sales are looked for in availability as well."""
HTTP_SHARE = 4
"""The gateway is told so many times fewer sales than the bus: it is the faster door by far."""
SENDERS = 16
LIMIT_S = 60.0
SOLD_AT = "2017-11-20T09:00:00Z"


class Sale(NamedTuple):
    shelf: Shelf
    receipt: Receipt


class Sales:
    """Sales of one unit each, places first, then items; every till is a new one, and numbers its receipts from 1."""

    def __init__(self, skus: list[str], places: list[str]) -> None:
        self._shelves = [(place, sku) for sku in skus for place in places]
        self._places = len(places)
        self._till = count(time.time_ns())

    def take(self, size: int) -> list[Sale]:
        till_id = str(next(self._till))
        return [self._sale(number, till_id) for number in range(size)]

    def _sale(self, number: int, till_id: str) -> Sale:
        place, sku = self._shelves[number % len(self._shelves)]
        lines = [Line(sku, 1, 150)]
        sequence = number // self._places + 1
        return Sale((place, sku), Receipt(f"{till_id}-{number}", place, till_id, "900", SOLD_AT, sequence, lines))


async def lags(
    observer: Observer, sales: list[Sale], per_second: float, accept: Callable[[int], Awaitable[None]]
) -> list[float]:
    """Seconds from the acceptance of each sale until it shows everywhere; `accept` hands a sale in by its number."""
    accepted = [0.0] * len(sales)
    observer.seen.clear()
    observer.shown.clear()

    async def sell(number: int) -> None:
        observer.sells(number, sales[number].shelf, is_asked_for=number % ASKED_ONE_IN == 0)
        await accept(number)
        accepted[number] = time.perf_counter()

    async with asyncio.timeout(LIMIT_S):
        await at_pace(len(sales), per_second, sell)
        await observer.all_seen()
    return [
        max(observer.seen[number], observer.shown.get(number, 0.0)) - instant for number, instant in enumerate(accepted)
    ]


async def over_bus(bus: Bus, observer: Observer, sales: list[Sale], per_second: float) -> list[float]:
    """Each sale is a message on the tills' topic, published alone."""
    messages = [message(sale.receipt) for sale in sales]
    return await lags(observer, sales, per_second, lambda number: bus.publish([messages[number]]))


async def over_http(job: dict[str, Any], observer: Observer, sales: list[Sale]) -> list[float]:
    """Each sale is a request to the till gateway."""
    requests = [encoded(_posted(message(sale.receipt), job["headers"])) for sale in sales]
    connections = [await Connection.open(job["port"]) for _ in range(SENDERS)]
    idle: asyncio.Queue[Connection] = asyncio.Queue()
    for connection in connections:
        idle.put_nowait(connection)

    async def post(number: int) -> None:
        connection = await idle.get()
        status, body = await connection.ask(requests[number])
        idle.put_nowait(connection)
        if status != 202:
            raise RuntimeError(f"the till gateway answered {status}: {body!r}")

    try:
        return await lags(observer, sales, job["per_second"], post)
    finally:
        for connection in connections:
            connection.close()


def _posted(sale: Message, headers: dict[str, str]) -> dict[str, Any]:
    """The same event for the till gateway, in binary mode."""
    attributes = {name.replace("ce_", "ce-"): value for name, value in sale.headers.items()}
    kind = {"Content-Type": attributes.pop("content-type")}
    body = json.loads(sale.value)
    return {"method": "POST", "path": "/inventory/v1/events", "headers": headers | attributes | kind, "body": body}


async def run(job: dict[str, Any]) -> list[dict[str, Any]]:
    settings = ServiceSettings()
    observer = Observer(job["port"], job["headers"])
    sales = Sales(job["skus"], job["places"])
    async with started(own_bus(settings)) as own, started(open_bus(settings)) as bus:
        return [
            await _reference(settings, own, sales, job) | await _by_both_doors(bus, observer, sales, job)
            for _ in range(job["rounds"])
        ]


async def _reference(settings: ServiceSettings, own: Bus, sales: Sales, job: dict[str, Any]) -> dict[str, Any]:
    """Nobody watches meanwhile; and the reader is gone afterwards, as every session that listens is woken by a sale."""
    size = int(job["seconds"] * job["per_second"])
    messages = [message(sale.receipt) for sale in sales.take(size)]
    async with started(own_bus(settings)) as reader:
        taken = await references(own, reader, messages, settings.database_url, job["per_second"], LIMIT_S)
    return {"reference": percentiles(taken.with_commit), "round_trip": percentiles(taken.round_trip)}


async def _by_both_doors(bus: Bus, observer: Observer, sales: Sales, job: dict[str, Any]) -> dict[str, Any]:
    size = int(job["seconds"] * job["per_second"])
    async with observer.watching(job["skus"]):
        used, begun = time.process_time(), time.perf_counter()
        by_bus = await over_bus(bus, observer, sales.take(size), job["per_second"])
        share = (time.process_time() - used) / (time.perf_counter() - begun)
        by_http = await over_http(job, observer, sales.take(size // HTTP_SHARE))
    return {"bus": percentiles(by_bus), "http": percentiles(by_http), "processor_share": share}


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR)  # a new topic has no leader for a moment, and is asked again
    gc.disable()  # a collection would look like lag
    print(json.dumps(uvloop.run(run(json.load(sys.stdin)))))
