"""Promises that are kept from elsewhere, in the database: units move from line to line of a locked reservation."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from services.inventory.domain.channels import Pool
from services.inventory.domain.levels import Key
from services.inventory.store import channels
from services.inventory.store.reservations import GrantedLine
from shared.database import Transaction
from shared.statements import Statement, Writes, columns


class LackingLine(NamedTuple):
    """Open units of a line that are not there: `moved` to other places, and `short` that no place has.

    `cap_id` is the cap that the line counts against.
    """

    reservation_id: str
    sku: str
    location_id: str
    moved: int
    short: int
    cap_id: str | None = None


# quantity <= available is what proves that a line was granted from what was there: a line that loses units keeps its
# slack, and one that is granted more has the slack of its tightest grant.
_TAKE_FROM_LINES = Statement(
    """
    UPDATE reservation_lines AS line SET quantity = quantity - moved, open = open - moved,
        available = available - moved, told_short = told_short + short
    FROM unnest(CAST(:reservation_id AS uuid[]), CAST(:sku AS text[]), CAST(:location_id AS text[]),
        CAST(:moved AS bigint[]), CAST(:short AS bigint[])) AS lacking (reservation_id, sku, location_id, moved, short)
    WHERE line.reservation_id = lacking.reservation_id AND line.sku = lacking.sku
        AND line.location_id = lacking.location_id
    """
)
_ADD_TO_LINES = Statement(
    """
    INSERT INTO reservation_lines AS line (reservation_id, sku, location_id, quantity, open, available, cap_id)
    SELECT reservation_id, sku, location_id, quantity, quantity, available, cap_id
    FROM unnest(CAST(:reservation_id AS uuid[]), CAST(:sku AS text[]), CAST(:location_id AS text[]),
        CAST(:quantity AS bigint[]), CAST(:available AS bigint[]), CAST(:cap_id AS uuid[]))
        AS granted (reservation_id, sku, location_id, quantity, available, cap_id)
    ON CONFLICT (reservation_id, sku, location_id) DO UPDATE SET quantity = line.quantity + excluded.quantity,
        open = line.open + excluded.open, available = line.quantity + excluded.quantity
            + least(line.available - line.quantity, excluded.available - excluded.quantity)
    """
)
_TOUCH = Statement(
    "UPDATE reservations SET updated_at = :now WHERE reservation_id = ANY(CAST(:reservation_ids AS uuid[]))"
)
_TOLD_SHORT = Statement(
    """
    SELECT location_id, sku, sum(told_short)::bigint AS units
    FROM unnest(CAST(:location_ids AS text[]), CAST(:skus AS text[])) AS short (location_id, sku)
    JOIN reservation_lines USING (location_id, sku)
    WHERE open > 0 GROUP BY location_id, sku
    """
)


def move_lines(writes: Writes, lacking: Sequence[LackingLine], granted: Sequence[GrantedLine], now: datetime) -> None:
    """Take units out of the lines that lack them, and add those that move to lines elsewhere; no line is in both.

    Units that move count against the cap of the line that they come to.
    """
    if lacking:
        writes.add(_TAKE_FROM_LINES, **columns(lacking, *LackingLine._fields))
        writes.add(_TOUCH, reservation_ids=[line.reservation_id for line in lacking], now=now)
    if granted:
        writes.add(_ADD_TO_LINES, **columns(granted, *GrantedLine._fields))
    changes: Counter[Pool] = Counter()
    for line in lacking:
        if line.cap_id is not None:
            changes[line.cap_id, line.sku] -= line.moved
    for grant in granted:
        if grant.cap_id is not None:
            changes[grant.cap_id, grant.sku] += grant.quantity
    channels.count(writes, changes)


async def told_short(transaction: Transaction, keys: Iterable[Key]) -> dict[Key, int]:
    """How many units at these places, their levels locked, orders were told to be nowhere and have still to answer."""
    asked = sorted(set(keys))
    rows = await _TOLD_SHORT.rows(
        transaction, location_ids=[place for place, _ in asked], skus=[sku for _, sku in asked]
    )
    return {(row.location_id, row.sku): row.units for row in rows}
