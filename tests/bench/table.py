"""The results: a table to read, and `bench.json` to keep."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.bench.figures import UNIT, Result
from tests.bench.machine import Machine


@dataclass(frozen=True)
class Report:
    """All that one call of the bench has found; `seconds` is the time that each figure took, and the rest."""

    bus: str
    machine: Machine
    runs: int
    results: Sequence[Result]
    seconds: Mapping[str, float]
    violations: Mapping[str, str]
    """What `zaiko verify` found, by site; empty where every invariant holds."""

    @property
    def missed(self) -> list[int]:
        """The numbers of the figures that did not take their bar."""
        return [result.figure.number for result in self.results if result.is_met is False]

    def write(self, path: Path) -> None:
        """Keep it as JSON."""
        content = {
            "bus": self.bus,
            "machine": self.machine.as_json(),
            "runs": self.runs,
            "invariants_hold": not self.violations,
            "figures": [_as_json(result) for result in self.results],
            "seconds": {name: round(seconds, 1) for name, seconds in self.seconds.items()},
        }
        path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")

    def show(self, console: Console) -> None:
        """Print it: each figure with its bar, the absolute numbers under it."""
        table = Table(
            title=f"Zaiko on {self.bus}, " + (f"medians of {self.runs} runs or more" if self.runs > 1 else "one run")
        )
        for heading in ("", "figure", "bar", "median", "least", "most", "met"):
            table.add_column(heading, justify="left" if heading in ("figure", "met") else "right")
        for result in self.results:
            table.add_row(*_cells(result))
        console.print(table)
        console.print(str(self.machine))
        console.print("took " + ", ".join(f"{name}: {seconds:.0f} s" for name, seconds in self.seconds.items()))
        for site, said in self.violations.items():
            console.print(f"[red]An invariant does not hold in {site}; these figures are worth nothing:[/red]")
            console.print(said, markup=False)


def _cells(result: Result) -> tuple[str, ...]:
    figure = result.figure
    median, least, most = (f"{ratio:.2f}" for ratio in (result.median, result.least, result.most))
    if result.is_met is False:
        median = f"[red]{median}[/red]"
    beside = "; ".join(f"{name} {_shown(value)}" for name, value in result.beside.items())
    name = f"{figure.name}\n[dim]{beside}[/dim]" + (f"\n[yellow]{result.note}[/yellow]" if result.note else "")
    met = {True: "[green]yes[/green]", False: "[red]no[/red]", None: "–"}[result.is_met]
    return str(figure.number), name, f"{'≤' if figure.at_most else '≥'} {figure.bar:g}", median, least, most, met


def _shown(value: float | Sequence[float]) -> str:
    if not isinstance(value, int | float):
        return " ".join(_shown(part) for part in value)
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


def _as_json(result: Result) -> dict[str, Any]:
    figure = result.figure
    return {
        "number": figure.number,
        "name": figure.name,
        "unit": UNIT,
        "bar": figure.bar,
        "bar_is": "at most" if figure.at_most else "at least",
        "median": result.median,
        "least": result.least,
        "most": result.most,
        "is_met": result.is_met,
        "note": result.note,
        "absolute": dict(result.beside),
        "runs": [{"ratio": sample.ratio, "absolute": dict(sample.beside)} for sample in result.samples],
    }
