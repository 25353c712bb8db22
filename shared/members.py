"""Several members of one consumer group in one process: one as long as it keeps up, the others while it does not.

Members overlap: while one waits for the database, another decides. Where little comes they only take the processor from
each other, because what one would apply together becomes several transactions.
"""

import asyncio
from collections.abc import Sequence

from shared.background import running
from shared.consumer import Consumer

CALM_S = 5.0
"""The others leave after so many seconds in which nobody was behind."""


class Members:
    """Consumers of one group; the first always reads."""

    def __init__(self, members: Sequence[Consumer]) -> None:
        self._first, *self._others = members

    async def run(self) -> None:
        """Consume until cancelled."""
        async with running(**{f"{self._first.name} 0": self._first.run}):
            while True:
                await self._first.behind.wait()
                await self._read_together()

    async def _read_together(self) -> None:
        everybody = [self._first, *self._others]
        others = {f"{member.name} {number}": member.run for number, member in enumerate(self._others, 1)}
        async with running(**others):
            while any(member.behind.is_set() for member in everybody):
                for member in everybody:
                    member.behind.clear()
                await asyncio.sleep(CALM_S)
