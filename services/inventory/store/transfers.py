"""Promises whose units travel, in the database: lines of locked reservations as they have become."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from services.inventory.domain.channels import Pool
from services.inventory.domain.reservations import Line
from services.inventory.domain.transfers import Departed
from services.inventory.store import channels
from shared.statements import Statement, Writes

# quantity <= available is what proves that a line was granted from what was there: every line keeps its slack, and
# a new one, made of units that were granted before, has none.
_WRITE_LINES = Statement(
    """
    INSERT INTO reservation_lines AS line
        (reservation_id, sku, location_id, quantity, open, fulfilled, available, cap_id, in_transit)
    SELECT reservation_id, sku, location_id, quantity, open, fulfilled, quantity, cap_id, in_transit
    FROM unnest(CAST(:reservation_ids AS uuid[]), CAST(:skus AS text[]), CAST(:location_ids AS text[]),
        CAST(:quantities AS bigint[]), CAST(:open AS bigint[]), CAST(:fulfilled AS bigint[]),
        CAST(:cap_ids AS uuid[]), CAST(:in_transit AS bigint[]))
        AS moved (reservation_id, sku, location_id, quantity, open, fulfilled, cap_id, in_transit)
    ON CONFLICT (reservation_id, sku, location_id) DO UPDATE SET quantity = excluded.quantity, open = excluded.open,
        in_transit = excluded.in_transit, cap_id = excluded.cap_id,
        available = excluded.quantity + line.available - line.quantity,
        told_short = least(line.told_short, excluded.open)
    """
)
_TOUCH = Statement(
    "UPDATE reservations SET updated_at = :now WHERE reservation_id = ANY(CAST(:reservation_ids AS uuid[]))"
)


class MovedLine(NamedTuple):
    """A line of a reservation whose units have left, or arrived."""

    reservation_id: str
    line: Line


def write(writes: Writes, moved: Sequence[MovedLine], departed: Sequence[Departed], now: datetime) -> None:
    """Write the lines, each once, and what the departed units change in the promises that count against caps."""
    if moved:
        lines = [member.line for member in moved]
        reservation_ids = [member.reservation_id for member in moved]
        writes.add(
            _WRITE_LINES,
            reservation_ids=reservation_ids,
            skus=[line.sku for line in lines],
            location_ids=[line.location_id for line in lines],
            quantities=[line.quantity for line in lines],
            open=[line.open for line in lines],
            fulfilled=[line.fulfilled for line in lines],
            cap_ids=[line.cap_id for line in lines],
            in_transit=[line.in_transit for line in lines],
        )
        writes.add(_TOUCH, reservation_ids=reservation_ids, now=now)
    changes: Counter[Pool] = Counter()
    for departure in departed:
        for line, units in ((departure.out_of, -departure.quantity), (departure.into, departure.quantity)):
            if line.cap_id is not None:
                changes[line.cap_id, line.sku] += units
    channels.count(writes, changes)
