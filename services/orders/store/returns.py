"""Returns in the database."""

from collections.abc import Sequence
from datetime import datetime

from pydantic_core import to_json

from services.orders.domain.returns import Returned
from shared.database import Transaction
from shared.statements import Statement, listed

_COLUMNS = {
    "return_ids": "uuid",
    "order_ids": "uuid",
    "location_ids": "text",
    "lines": "text",
    "reasons": "text",
    "till_ids": "text",
    "receipt_ids": "text",
}
_INSERT = Statement(
    f"""
    INSERT INTO returns (return_id, order_id, location_id, lines, reason, till_id, receipt_id, returned_at)
    SELECT return_id, order_id, location_id, CAST(lines AS jsonb), reason, till_id, receipt_id, :now
    FROM {listed(_COLUMNS)} AS returned (return_id, order_id, location_id, lines, reason, till_id, receipt_id)
    """
)


async def insert(transaction: Transaction, returns: Sequence[tuple[str, Returned]], now: datetime) -> None:
    """Store the returns, each with its order's id."""
    if not returns:
        return
    await _INSERT.run(
        transaction,
        return_ids=[returned.return_id for _, returned in returns],
        order_ids=[order_id for order_id, _ in returns],
        location_ids=[returned.location_id for _, returned in returns],
        lines=[to_json(returned.lines).decode() for _, returned in returns],
        reasons=[returned.reason for _, returned in returns],
        till_ids=[returned.receipt and returned.receipt.till_id for _, returned in returns],
        receipt_ids=[returned.receipt and returned.receipt.receipt_id for _, returned in returns],
        now=now,
    )
