"""Load from a process of its own: so many clients, each with one connection, ask as fast as they are answered.

A job comes as JSON on stdin: `{ports, clients, seconds, requests: [{method, path, headers, body}]}`; the clients share
the ports and take the requests in turn. The result goes to stdout: `{per_second, statuses, median_ms, p99_ms,
client_cpu_us}`, the last one the processor time of this process for one request, in microseconds.
"""

import asyncio
import gc
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from itertools import cycle
from statistics import median, quantiles
from typing import Any

import uvloop

from tests.bench.connection import HOST, Client, encoded

WARM_UP_S = 1.0
CONNECT_LIMIT_S = 20.0
ANSWER_LIMIT_S = 60.0
CONNECTION_LOST = 0
"""Stands among the statuses for an answer that never came."""


class Clock:
    """When asking counts and when it ends, in seconds of `time.perf_counter`; set once all are connected."""

    begin = 0.0
    end = 0.0


class LoadClient(Client):
    """Asks again as soon as it is answered, until the end."""

    def __init__(self, requests: Iterator[bytes], clock: Clock, statuses: Counter[int], seconds: list[float]) -> None:
        super().__init__()
        self.is_done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._requests = requests
        self._clock = clock
        self._statuses = statuses
        self._seconds = seconds
        self._asked = 0.0

    def ask(self, now: float) -> None:
        self._asked = now
        self.transport.write(next(self._requests))

    def answered(self, status: int, body: bytes) -> None:
        now = time.perf_counter()
        self._statuses[status] += 1
        if self._asked >= self._clock.begin:
            self._seconds.append(now - self._asked)
        if now < self._clock.end:
            self.ask(now)
        else:
            self.is_done.set_result(None)

    def lost(self) -> None:
        if not self.is_done.done():
            self._statuses[CONNECTION_LOST] += 1
            self.is_done.set_result(None)


async def run(job: dict[str, Any]) -> dict[str, Any]:
    requests = cycle([encoded(request) for request in job["requests"]])
    clock, statuses, seconds = Clock(), Counter[int](), list[float]()
    loop = asyncio.get_running_loop()
    ports = cycle(job["ports"])
    clients: list[LoadClient] = []
    async with asyncio.timeout(CONNECT_LIMIT_S):
        for _ in range(job["clients"]):
            _, client = await loop.create_connection(
                lambda: LoadClient(requests, clock, statuses, seconds), HOST, next(ports)
            )
            clients.append(client)
    clock.begin = time.perf_counter() + WARM_UP_S
    clock.end = clock.begin + job["seconds"]
    used = time.process_time()
    for client in clients:
        client.ask(time.perf_counter())
    async with asyncio.timeout(WARM_UP_S + job["seconds"] + ANSWER_LIMIT_S):
        await asyncio.gather(*(client.is_done for client in clients))
    used = time.process_time() - used
    for client in clients:
        client.transport.close()
    return {
        "per_second": len(seconds) / job["seconds"],
        "statuses": dict(statuses),
        "median_ms": median(seconds) * 1e3,
        "p99_ms": quantiles(seconds, n=100)[-1] * 1e3,
        "client_cpu_us": used / sum(statuses.values()) * 1e6,
    }


if __name__ == "__main__":
    gc.disable()  # nothing here is a cycle, and a collection would look like latency
    print(json.dumps(uvloop.run(run(json.load(sys.stdin)))))
