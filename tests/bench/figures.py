"""The figures: what each compares, the bar it has to take, and what several runs say about it.

Every figure is a ratio of two measurements taken in one run, because machines differ and are noisy; its absolute
numbers stand beside it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

UNIT = "ratio"
Beside = Mapping[str, float | Sequence[float]]
"""Absolute numbers, each under a name that says its unit; a sequence is one number for each part of the measurement."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the table. `seconds_about` is what one sample takes on two cores, for the progress bar."""

    number: int
    name: str
    bar: float
    seconds_about: float
    at_most: bool = False
    """Whether less is better: a growth, a delay."""
    cores_least: int = 1
    """With fewer it is measured and shown, but not judged."""
    is_taken_once: bool = False
    """However many runs there are."""
    times: int = 1
    """So many samples are a run, where each is short and says little."""

    def is_met(self, ratio: float) -> bool:
        return ratio <= self.bar if self.at_most else ratio >= self.bar

    def samples(self, runs: int, cores: int) -> int:
        """How many are taken: those of one run where more would say nothing new."""
        return self.times * (1 if self.is_taken_once or cores < self.cores_least else runs)


_ALL = (
    Figure(1, "reservations/s, one hot SKU, 64 clients ÷ no-op endpoint of the same app", 0.55, 11),
    Figure(2, "reservations/s, one hot SKU ÷ 1,000 SKUs", 0.9, 6),
    Figure(3, "reservations/s, one hot SKU ÷ a transaction with a conditional UPDATE each", 4, 5),
    Figure(4, "checkouts decided/s, 128 clients ÷ no-op endpoint", 0.15, 14),
    Figure(5, "till lines/s from the bus ÷ COPY and one UPDATE per touched level", 0.5, 16),
    Figure(6, "availability/s, one SKU at 10 locations, 64 clients ÷ no-op GET", 0.6, 10),
    Figure(7, "sync lag p99 at 500 sales/s ÷ bus round trip + commit", 3, 2.6, at_most=True, times=18),
    Figure(8, "reservations/s with 5,000,000 level rows ÷ with 10,000", 0.8, 25),
    Figure(9, "the real year: till lines/s in the last tenth ÷ in the first", 0.9, 150, is_taken_once=True),
    Figure(10, "resident memory after 60 s of full load ÷ after 10 s", 1.15, 75, at_most=True, is_taken_once=True),
    Figure(11, "reservations/s, 2 processes of inventory ÷ 1", 1.3, 17, cores_least=4),
)
FIGURES: Mapping[int, Figure] = {figure.number: figure for figure in _ALL}


@dataclass(frozen=True, slots=True)
class Sample:
    """One figure, measured once."""

    number: int
    ratio: float
    beside: Beside


@dataclass(frozen=True, slots=True)
class Result:
    """What the samples of one figure say together."""

    figure: Figure
    samples: Sequence[Sample]
    cores: int

    @property
    def median(self) -> float:
        return median(self._ratios)

    @property
    def least(self) -> float:
        return min(self._ratios)

    @property
    def most(self) -> float:
        return max(self._ratios)

    @property
    def is_met(self) -> bool | None:
        """Whether the median takes the bar; None where this machine has too few cores to say."""
        if self.cores < self.figure.cores_least:
            return None
        return self.figure.is_met(self.median)

    @property
    def note(self) -> str:
        """Why it is not judged, where it is not."""
        if self.is_met is not None:
            return ""
        return f"not judged: {self.cores} cores are too few for the processes, PostgreSQL and the load"

    @property
    def beside(self) -> Beside:
        """The medians of the absolute numbers."""
        first = self.samples[0].beside
        return {name: _median([sample.beside[name] for sample in self.samples]) for name in first}

    @property
    def _ratios(self) -> list[float]:
        return [sample.ratio for sample in self.samples]


def _median(values: Sequence[float | Sequence[float]]) -> float | list[float]:
    """Of numbers; of sequences part by part."""
    numbers = [value for value in values if isinstance(value, int | float)]
    if numbers:
        return median(numbers)
    return [median(part) for part in zip(*values, strict=True)]  # type: ignore[arg-type]
