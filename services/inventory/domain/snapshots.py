"""What a reading of the tables holds: every transaction that its snapshot had seen, and nothing of any other."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Snapshot:
    """PostgreSQL's `pg_snapshot`. Below `oldest` every transaction had ended, from `next_id` on none had begun.

    Between the two those that are `in_progress` had not ended.
    """

    oldest: int
    next_id: int
    in_progress: frozenset[int] = frozenset()

    @classmethod
    def parse(cls, text: str) -> "Snapshot":
        """Of text like `812:815:813,814`. Raises ValueError."""
        oldest, next_id, in_progress = text.split(":")
        return cls(int(oldest), int(next_id), frozenset(map(int, filter(None, in_progress.split(",")))))

    def __str__(self) -> str:
        return f"{self.oldest}:{self.next_id}:{','.join(map(str, sorted(self.in_progress)))}"

    def holds(self, transaction_id: int) -> bool:
        """Whether what this transaction wrote was in the reading, if it wrote anything at all."""
        return transaction_id < self.next_id and transaction_id not in self.in_progress
