"""Positions in the stream of levels: what a reader has got, so that it goes on without a gap or a repeat.

As text, `12.0.7` are offsets of the partitions 0, 1, 2…; `12.0.7@812:815:813` are those of a reader that began with a
snapshot. Levels are written before they are in the log, so a snapshot may hold what the log has not told yet.
"""

import re
from typing import NamedTuple

from services.inventory.domain.snapshots import Snapshot
from shared.bus.base import Offsets, Partition, Record
from shared.contracts.stock import TOPIC, transaction_of
from shared.errors import InvalidRequest

_TEXT = re.compile(
    r"(?P<offsets>\d{1,18}(?:\.\d{1,18})*)(?:@(?P<snapshot>\d{1,20}:\d{1,20}:(?:\d{1,20}(?:,\d{1,20})*)?))?", re.ASCII
)


class Position(NamedTuple):
    """The offset to read next in each partition and, for who began with a snapshot, what that held."""

    offsets: Offsets
    snapshot: Snapshot | None = None

    def has(self, record: Record) -> bool:
        """Whether whoever is here knows this record's level already: from the log, or from the snapshot."""
        if record.offset < self.offsets.get(record.partition, 0):
            return True
        transaction_id = None if self.snapshot is None else transaction_of(record.message.headers)
        return self.snapshot is not None and transaction_id is not None and self.snapshot.holds(transaction_id)

    def advanced_to(self, offsets: Offsets) -> "Position":
        """As far as these offsets, and never back."""
        further = {partition: max(offset, self.offsets.get(partition, 0)) for partition, offset in offsets.items()}
        return Position(further, self.snapshot)

    def is_within(self, ends: Offsets) -> bool:
        """Whether the log comes as far as this."""
        return all(offset <= ends.get(partition, 0) for partition, offset in self.offsets.items())


START = Position({})
"""Of who has nothing yet."""


def encode(position: Position) -> str:
    text = ".".join(str(offset) for _, offset in sorted(position.offsets.items()))
    return text if position.snapshot is None else f"{text}@{position.snapshot}"


def decode(text: str) -> Position:
    """Raises InvalidRequest."""
    found = _TEXT.fullmatch(text)
    if found is None:
        raise not_a_position()
    offsets = {Partition(TOPIC, number): int(part) for number, part in enumerate(found["offsets"].split("."))}
    return Position(offsets, Snapshot.parse(found["snapshot"]) if found["snapshot"] else None)


def not_a_position() -> InvalidRequest:
    return InvalidRequest(
        "/headers/last-event-id",
        "not a position of this stream; take a snapshot (/v1/stream/snapshot) and go on from it",
    )
