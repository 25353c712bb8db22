"""What several samples say together, and when a bar is met."""

import pytest

from tests.bench.figures import FIGURES, Figure, Result, Sample

GROWTH = Figure(1, "a growth", 1.15, 1, at_most=True)
SPEED = Figure(2, "a speed", 0.5, 1)
SPREAD = Figure(3, "more processes", 1.3, 1, cores_least=4)


def result(figure: Figure, *ratios: float, cores: int = 2) -> Result:
    return Result(
        figure, [Sample(figure.number, ratio, {"a/s": ratio, "parts": [ratio, 1]}) for ratio in ratios], cores
    )


def test_the_median_is_held_against_the_bar() -> None:
    assert result(SPEED, 0.4, 0.5, 0.9).is_met is True
    assert result(SPEED, 0.4, 0.49, 0.9).is_met is False
    assert result(GROWTH, 1.0, 1.15, 2.0).is_met is True
    assert result(GROWTH, 1.0, 1.16, 2.0).is_met is False


def test_too_few_cores_are_no_verdict() -> None:
    assert result(SPREAD, 1.0, cores=3).is_met is None
    assert "3 cores" in result(SPREAD, 1.0, cores=3).note
    assert result(SPREAD, 1.0, cores=4).is_met is False
    assert result(SPREAD, 1.0, cores=4).note == ""


def test_absolute_numbers_are_medians_part_by_part() -> None:
    assert result(SPEED, 1, 2, 6).beside == {"a/s": 2, "parts": [2, 1]}


@pytest.mark.parametrize(
    ("figure", "of_one", "of_three"),
    [(FIGURES[1], 1, 3), (FIGURES[7], 18, 54), (FIGURES[9], 1, 1), (FIGURES[11], 1, 1)],
)
def test_some_figures_are_taken_once_and_one_in_many_short_samples(figure: Figure, of_one: int, of_three: int) -> None:
    assert figure.samples(1, cores=2) == of_one
    assert figure.samples(3, cores=2) == of_three
