"""Returns in the database."""

from collections.abc import Sequence
from datetime import datetime

from pydantic_core import to_json

from services.orders.domain.orders import Returned
from shared.database import Statement, Transaction, listed

_INSERT = Statement(
    f"""
    INSERT INTO returns (return_id, order_id, location_id, lines, reason, returned_at)
    SELECT return_id, order_id, location_id, CAST(lines AS jsonb), reason, :now
    FROM {
        listed({"return_ids": "uuid", "order_ids": "uuid", "location_ids": "text", "lines": "text", "reasons": "text"})
    } AS returned (return_id, order_id, location_id, lines, reason)
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
        now=now,
    )
