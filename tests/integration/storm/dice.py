"""All the choices of one step, from one number."""

from collections.abc import Sequence
from random import Random
from typing import TypeVar

Choice = TypeVar("Choice")

SIDES = 1 << 32
"""Numbers below this one tell steps enough apart."""


class Dice:
    """The same number makes the same choices, and every choice is as likely as its others, whatever the number."""

    def __init__(self, number: int) -> None:
        self._random = Random(number)

    def number(self, lowest: int, highest: int) -> int:
        """Any of these, both included."""
        return self._random.randint(lowest, highest)

    def one_of(self, choices: Sequence[Choice]) -> Choice:
        return self._random.choice(choices)

    def once_in(self, times: int) -> bool:
        return self._random.randrange(times) == 0
