"""`make bench`: ratios in one run, medians of several, the absolute figures beside them; `bench.json` keeps them."""

import asyncio
import json
import os
import platform
import socket
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import Annotated

import httpx
import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from shared.clock import utc_now
from shared.http.auth import issue
from tests.bench.figures import FIGURES, Bench, fill
from tests.bench.server import SECRET
from tests.conditions import eventually_async

START_LIMIT_S = 120
STOP_LIMIT_S = 60
console = Console(highlight=False)


def main(
    runs: Annotated[int, typer.Option(min=1, help="The table shows the medians of so many runs.")] = 3,
    out: Annotated[Path, typer.Option(help="Where the figures are kept.")] = Path("bench.json"),
) -> None:
    """Measure a running system against references on the same server; nothing counts unless every invariant holds."""
    bus = os.environ.get("BUS", "postgres")
    brokers = os.environ.get("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9092")
    with tempfile.TemporaryDirectory(prefix="zaiko-bench-", ignore_cleanup_errors=True) as place:
        port = _free_port()
        server = subprocess.Popen([sys.executable, "-m", "tests.bench.server", str(port), place, bus, brokers])
        try:
            figures = asyncio.run(_measure(server, port, runs))
        finally:
            server.terminate()
            server.wait(STOP_LIMIT_S)
        verified = subprocess.run([sys.executable, "-m", "services", "verify", "--data-dir", place], check=False)
    machine = (
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    )
    _show(figures, f"Zaiko on {bus}; {machine}; medians of {runs}")
    medians = {name: median(values) for name, values in figures.items()}
    out.write_text(json.dumps({"bus": bus, "machine": machine, "runs": runs, "figures": medians}, indent=2) + "\n")
    if verified.returncode:
        console.print("[red]An invariant does not hold: these figures are worth nothing.[/red]")
    raise typer.Exit(verified.returncode)


async def _measure(server: subprocess.Popen[bytes], port: int, runs: int) -> dict[str, list[float]]:
    token = issue(SECRET, "operator", None, utc_now())
    bench = Bench(port, {"Authorization": f"Bearer {token}"})
    await eventually_async(lambda: _is_ready(port, server), START_LIMIT_S)
    await fill(bench)
    found: dict[str, list[float]] = defaultdict(list)
    for figure in track([figure for _ in range(runs) for figure in FIGURES], "measuring", console=console):
        for name, value in (await figure(bench)).items():
            found[name].append(value)
    return found


async def _is_ready(port: int, process: subprocess.Popen[bytes]) -> bool:
    if process.poll() is not None:
        raise RuntimeError("the server under load did not start")
    async with httpx.AsyncClient() as client:
        try:
            return (await client.get(f"http://127.0.0.1:{port}/health/ready")).status_code == 200
        except httpx.TransportError:
            return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _show(figures: dict[str, list[float]], title: str) -> None:
    table = Table(title=title)
    for heading in ("figure", "median", "least", "most"):
        table.add_column(heading, justify="left" if heading == "figure" else "right")
    for name, values in figures.items():
        digits = 2 if "÷" in name or "ms" in name else 0
        table.add_row(name, *(f"{value:,.{digits}f}" for value in (median(values), min(values), max(values))))
    console.print(table)


if __name__ == "__main__":
    typer.run(main)
