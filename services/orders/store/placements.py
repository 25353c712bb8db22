"""Placed orders in the database: written once, all of a batch together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.contracts.orders import OrderLine
from shared.database import Transaction
from shared.statements import Statement, columns, listed

Name = tuple[str, str]
"""(channel, external_id): what a channel calls its order."""

_NAMED = Statement(
    f"""
    SELECT channel, external_id, order_id::text AS order_id FROM order_names
    JOIN {listed({"channels": "text", "external_ids": "text"})} AS asked (channel, external_id)
        USING (channel, external_id)
    """
)
# Sorted by the key, so that two batches that race for the same names never wait for each other in a circle.
_CLAIM = Statement(
    f"""
    INSERT INTO order_names (channel, external_id, order_id)
    SELECT channel, external_id, order_id
    FROM {listed({"channel": "text", "external_id": "text", "order_id": "uuid"})} WITH ORDINALITY
        AS wanted (channel, external_id, order_id, arrival)
    ORDER BY channel, external_id, arrival
    ON CONFLICT (channel, external_id) DO NOTHING
    RETURNING order_id::text AS order_id
    """
)
_INSERT_ORDERS = Statement(
    f"""
    INSERT INTO orders (order_id, channel, external_id, member_id, currency, method, fulfilment,
        backorder, state, created_at, updated_at)
    SELECT order_id, channel, external_id, member_id, currency, method, CAST(fulfilment AS jsonb), backorder, :state,
        :now, :now
    FROM {
        listed(
            {
                "order_id": "uuid",
                "channel": "text",
                "external_id": "text",
                "member_id": "text",
                "currency": "text",
                "method": "text",
                "fulfilment": "text",
                "backorder": "boolean",
            }
        )
    } AS placed (order_id, channel, external_id, member_id, currency, method, fulfilment, backorder)
    """
)
_INSERT_LINES = Statement(
    f"""
    WITH lines AS (
        INSERT INTO order_lines (order_id, sku, place, quantity, unit_price)
        SELECT * FROM {
        listed(
            {"line_order_ids": "uuid", "skus": "text", "places": "integer", "quantities": "bigint", "prices": "bigint"}
        )
    })
    INSERT INTO timeline (order_id, state, at, cause)
    SELECT order_id, :state, :now, :cause FROM {listed({"order_ids": "uuid"})} AS placed (order_id)
    """
)


@dataclass(frozen=True, slots=True)
class PlacedOrder:
    """A new order as its rows have it; `fulfilment` is JSON."""

    order_id: str
    channel: str
    external_id: str | None
    member_id: str | None
    currency: str
    method: str
    fulfilment: str
    lines: Sequence[OrderLine]
    backorder: bool = False


async def named(transaction: Transaction, names: Iterable[Name]) -> dict[Name, str]:
    """The order_id that each of these names already has."""
    asked = sorted(set(names))
    if not asked:
        return {}
    parameters = {"channels": [name[0] for name in asked], "external_ids": [name[1] for name in asked]}
    rows = await _NAMED.rows(transaction, **parameters)
    return {(row.channel, row.external_id): row.order_id for row in rows}


async def insert(
    transaction: Transaction, orders: Sequence[PlacedOrder], state: str, cause: str, now: datetime
) -> list[PlacedOrder]:
    """Store those whose name is free, with their lines and the beginning of their timeline; the ones that were."""
    named_first = await _claim(transaction, [order for order in orders if order.external_id is not None])
    stored = [order for order in orders if order.external_id is None or order.order_id in named_first]
    if not stored:
        return []
    names = ("order_id", "channel", "external_id", "member_id", "currency", "method", "fulfilment", "backorder")
    parameters = columns(stored, *names)
    await _INSERT_ORDERS.run(transaction, **parameters, state=state, now=now)
    lines = [(order.order_id, place, line) for order in stored for place, line in enumerate(order.lines)]
    await _INSERT_LINES.run(
        transaction,
        line_order_ids=[order_id for order_id, _, _ in lines],
        places=[place for _, place, _ in lines],
        skus=[line.sku for _, _, line in lines],
        quantities=[line.quantity for _, _, line in lines],
        prices=[line.unit_price.amount for _, _, line in lines],
        order_ids=[order.order_id for order in stored],
        state=state,
        cause=cause,
        now=now,
    )
    return stored


async def _claim(transaction: Transaction, orders: Sequence[PlacedOrder]) -> set[str]:
    """The ids of those whose name was free and is theirs now; a name that another transaction claims is waited for."""
    if not orders:
        return set()
    rows = await _CLAIM.rows(transaction, **columns(orders, "channel", "external_id", "order_id"))
    return {row.order_id for row in rows}
