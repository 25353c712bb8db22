"""Load from a process of its own: so many clients, each with one connection, ask as fast as they are answered.

A job comes as JSON on stdin: `{port, clients, seconds, requests: [{method, path, headers, body}]}`; the clients take
the requests in turn. The result goes to stdout: `{per_second, statuses, median_ms, p99_ms}`.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from itertools import cycle
from statistics import median, quantiles
from typing import Any

import uvloop

WARM_UP_S = 1.0


def encoded(request: dict[str, Any]) -> bytes:
    body = json.dumps(request["body"]).encode() if request.get("body") is not None else b""
    headers = {"Host": "127.0.0.1", "Content-Length": str(len(body)), "Content-Type": "application/json"}
    lines = [f"{request['method']} {request['path']} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in {**headers, **request.get("headers", {})}.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> int:
    """One request on an open connection; the status of its answer."""
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        int(line.partition(b":")[2]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")
    )
    await reader.readexactly(length)
    return int(head[9:12])


async def run(job: dict[str, Any]) -> dict[str, Any]:
    requests = cycle([encoded(request) for request in job["requests"]])
    statuses: Counter[int] = Counter()
    seconds: list[float] = []
    begin = time.perf_counter() + WARM_UP_S
    end = begin + job["seconds"]

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", job["port"])
        while (asked := time.perf_counter()) < end:
            status = await ask(reader, writer, next(requests))
            if asked >= begin:
                statuses[status] += 1
                seconds.append(time.perf_counter() - asked)
        writer.close()

    await asyncio.gather(*(client() for _ in range(job["clients"])))
    return {
        "per_second": len(seconds) / job["seconds"],
        "statuses": dict(statuses),
        "median_ms": median(seconds) * 1e3,
        "p99_ms": quantiles(seconds, n=100)[-1] * 1e3,
    }


if __name__ == "__main__":
    print(json.dumps(uvloop.run(run(json.load(sys.stdin)))))
