"""All the choices of one step, from one number: small to draw, and smaller numbers choose earlier."""

from collections.abc import Sequence
from typing import TypeVar

Choice = TypeVar("Choice")

SIDES = 1 << 40
"""Numbers below this one are enough for the choices of any step."""


class Dice:
    def __init__(self, number: int) -> None:
        self._left = number

    def number(self, lowest: int, highest: int) -> int:
        """Any of these, both included."""
        self._left, chosen = divmod(self._left, highest - lowest + 1)
        return lowest + chosen

    def one_of(self, choices: Sequence[Choice]) -> Choice:
        return choices[self.number(0, len(choices) - 1)]

    def once_in(self, times: int) -> bool:
        return self.number(0, times - 1) == times - 1
