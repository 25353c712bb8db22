"""Which cancellations took effect already."""

from collections.abc import Sequence
from typing import Any

from shared.database import Transaction
from shared.statements import Statement, columns

_KEEP = Statement(
    """
    INSERT INTO cancellations (source, event_id, order_id, recorded_at)
    SELECT * FROM unnest(CAST(:source AS text[]), CAST(:event_id AS text[]), CAST(:order_id AS text[]),
        CAST(:recorded_at AS timestamptz[]))
    ON CONFLICT DO NOTHING RETURNING source, event_id
    """
)


async def keep_new(transaction: Transaction, cancellations: Sequence[Any]) -> set[tuple[str, str]]:
    """Keep those not seen before, objects with the table's columns as attributes; answers their (source, event_id)."""
    if not cancellations:
        return set()
    rows = await _KEEP.rows(transaction, **columns(cancellations, "source", "event_id", "order_id", "recorded_at"))
    return {(row.source, row.event_id) for row in rows}
