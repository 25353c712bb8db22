"""`make bench`: the table of ratios, on the embedded default or on Kafka; `bench.json` keeps it."""

import asyncio
import logging
import signal
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Collection, Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn

from services.installation import BusName
from shared.embedded import embedded_postgres
from tests.bench.cluster import Cluster
from tests.bench.figures import FIGURES, Result, Sample
from tests.bench.machine import Machine, describe
from tests.bench.plan import measure
from tests.bench.table import Report
from tests.bus.broker import KafkaBroker, missing_tools

REFRESHES_PER_SECOND = 2
console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
cli = typer.Typer(
    add_completion=False, pretty_exceptions_enable=False, context_settings={"help_option_names": ["-h", "--help"]}
)


def _numbers(values: list[str] | None) -> list[str] | None:
    for value in (number for text in values or [] for number in text.split(",")):
        if not value.isdigit() or int(value) not in FIGURES:
            raise typer.BadParameter(f"there are figures 1 to {max(FIGURES)}, and no {value!r}")
    return values


@cli.command()
def main(
    runs: Annotated[int, typer.Option(min=1, help="The table shows the medians of so many runs.")] = 3,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", "--figure", callback=_numbers, metavar="N[,N…]", help="Only these; may be repeated."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Where the figures are kept, as JSON.")] = Path("bench.json"),
    strict: Annotated[bool, typer.Option("--strict", help="A bar that is missed is exit status 1 as well.")] = False,
    year_floor: Annotated[
        bool, typer.Option("--year-floor", help="The floor under figure 9 as well: a minute more.")
    ] = False,
    bus: Annotated[BusName, typer.Option(envvar="BUS", help="How events travel.")] = "postgres",
    brokers: Annotated[
        str, typer.Option("--kafka-bootstrap", envvar="KAFKA_BOOTSTRAP_SERVERS", help="Default: a broker of its own.")
    ] = "",
) -> None:
    """Measure Zaiko against references on the same server, in under ten minutes on two cores.

    Every figure is a ratio of two things measured back to back in one run, with fsync and synchronous_commit on, so
    that it means something on a noisy machine and on another one. The absolute numbers stand beside it.

    \b
    1-3  reservations of one hot item: against an endpoint that does
         nothing, against 1,000 items, against a transaction for each
    4    checkouts that are decided while the client waits
    5    till lines from the bus, against COPY and UPDATE alone
    6    availability
    7    the sync lag at 500 sales a second, against one way over the
         bus and one commit
    8    five million levels against ten thousand
    9    a real retailer's year: the last tenth against the first (once)
    10   memory after a minute of full load against ten seconds (once)
    11   two processes against one (judged from four cores on)

    It needs about 10 GB of disk for temporary files, and leaves none. Exit status 0 only if `zaiko verify` holds on
    everything that was loaded.
    """
    logging.basicConfig(level=logging.ERROR)  # a broker's new topic has no leader for a moment, and is asked again
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that what was started is stopped
    wanted = [int(number) for text in only or [] for number in text.split(",")] or list(FIGURES)
    with tempfile.TemporaryDirectory(prefix="zaiko-bench-", ignore_cleanup_errors=True) as directory:
        report = _measured(Path(directory), bus, brokers, frozenset(wanted), runs, year_floor=year_floor)
    report.show(console)
    report.write(out)
    console.print(f"kept in {out}")
    raise typer.Exit(1 if report.violations or (strict and report.missed) else 0)


def _measured(
    directory: Path, bus: BusName, brokers: str, wanted: Collection[int], runs: int, *, year_floor: bool
) -> Report:
    seconds: dict[str, float] = defaultdict(float)
    begun = time.monotonic()
    with _brokers(directory, bus, brokers) as found, embedded_postgres(directory / "data") as url, _progress() as bar:
        cluster = Cluster(url, directory, bus, found, has_floor_of_year=year_floor)
        machine, samples = asyncio.run(_samples(cluster, wanted, runs, bar, seconds))
        verifying = time.monotonic()
        violations = cluster.verify()
        seconds["verify"] = time.monotonic() - verifying
    seconds["in all"] = time.monotonic() - begun
    results = [
        Result(FIGURES[number], [sample for sample in samples if sample.number == number], cluster.cores)
        for number in sorted(wanted)
    ]
    return Report(bus, machine, runs, results, seconds, violations)


async def _samples(
    cluster: Cluster, wanted: Collection[int], runs: int, bar: Progress, seconds: dict[str, float]
) -> tuple[Machine, list[Sample]]:
    """The machine and all samples; the time up to a sample is its figure's, set-up included."""
    machine = await describe(cluster.database_url)
    total = sum(FIGURES[number].seconds_about * FIGURES[number].samples(runs, cluster.cores) for number in wanted)
    task = bar.add_task("measuring", total=total)
    samples: list[Sample] = []
    last = time.monotonic()
    async with aclosing(measure(cluster, wanted, runs)) as found:
        async for sample in found:
            samples.append(sample)
            now = time.monotonic()
            seconds[f"figure {sample.number}"] += now - last
            last = now
            bar.update(task, advance=FIGURES[sample.number].seconds_about, description=f"figure {sample.number}")
    bar.update(task, completed=total, description="verifying")
    return machine, samples


@contextmanager
def _brokers(directory: Path, bus: BusName, given: str) -> Iterator[str]:
    """The brokers to use: those given, or one that lives as long as the context; none for a bus without."""
    if bus != "kafka" or given:
        yield given
        return
    missing = missing_tools()
    if missing:
        raise typer.BadParameter(f"a broker of its own needs {', '.join(missing)}; or set KAFKA_BOOTSTRAP_SERVERS")
    place = directory / "kafka"
    place.mkdir()
    broker = KafkaBroker(place)
    broker.start()
    try:
        yield broker.bootstrap_servers
    finally:
        broker.kill()


def _progress() -> Progress:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    return Progress(
        *columns, TimeElapsedColumn(), console=console, refresh_per_second=REFRESHES_PER_SECOND, transient=True
    )


if __name__ == "__main__":
    cli()
