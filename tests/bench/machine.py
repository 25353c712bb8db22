"""What the figures were taken on: they are ratios because machines differ, and this says how this one does."""

import os
import platform
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import asyncpg
import psutil

COMMITS = 300
SELECTS = 500
GIBIBYTE = 2**30


@dataclass(frozen=True)
class Machine:
    """`commit_ms` and `select_ms` are medians of one UPDATE of one row with fsync, and of one SELECT of one row."""

    processor: str
    cores: int
    memory_gib: float
    kernel: str
    python: str
    postgresql: str
    commit_ms: float
    select_ms: float

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        return (
            f"{self.processor}, {self.cores} cores, {self.memory_gib:.0f} GiB, {self.kernel}, Python {self.python}, "
            f"PostgreSQL {self.postgresql}; a commit {self.commit_ms:.2f} ms, a SELECT {self.select_ms:.2f} ms"
        )


async def describe(database_url: str) -> Machine:
    """This machine, as seen from the database that will be loaded."""
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("CREATE TABLE one (id integer PRIMARY KEY, value integer)")
        await connection.execute("INSERT INTO one VALUES (1, 0)")
        commit_ms = await _median_ms(connection, "UPDATE one SET value = value + 1 WHERE id = $1", COMMITS)
        select_ms = await _median_ms(connection, "SELECT value FROM one WHERE id = $1", SELECTS)
        await connection.execute("DROP TABLE one")
        version = await connection.fetchval("SHOW server_version")
    finally:
        await connection.close()
    return Machine(
        processor=_processor(),
        cores=os.cpu_count() or 1,
        memory_gib=psutil.virtual_memory().total / GIBIBYTE,
        kernel=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        postgresql=version.split()[0],
        commit_ms=commit_ms,
        select_ms=select_ms,
    )


async def _median_ms(connection: asyncpg.Connection, statement: str, times: int) -> float:
    prepared = await connection.prepare(statement)
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        await prepared.fetch(1)
        taken.append(time.perf_counter() - begun)
    return median(taken) * 1e3


def _processor() -> str:
    """Its name; beside it family and model, by which processors of one name are told apart."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except FileNotFoundError:
        lines = []
    facts = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if "model name" not in facts:
        return platform.processor() or platform.machine()
    which = [f"{name} {facts[key]}" for name, key in (("family", "cpu family"), ("model", "model")) if key in facts]
    return f"{facts['model name']} ({', '.join(which)})" if which else facts["model name"]
