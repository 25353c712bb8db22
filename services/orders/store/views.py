"""Orders as they are shown: whole, as JSON, in one statement however many they are."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.orders.store.orders import is_identifier
from shared.statements import Statement

# Every part is one aggregate by the order's key, so nothing is multiplied by a join.
_VIEW = """
    SELECT order_id::text AS order_id, json_build_object(
        'order_id', order_id, 'channel', channel, 'external_id', external_id, 'member_id', member_id,
        'state', state, 'reservation_id', reservation_id, 'fulfilment', fulfilment, 'shortages', shortages,
        'rejection', rejection,
        'backorder', backorder, 'awaited', awaited,
        'created_at', created_at,
        'total', json_build_object('currency', currency, 'amount',
            (SELECT sum(quantity * unit_price)::bigint FROM order_lines AS line WHERE line.order_id = o.order_id)),
        'lines', (SELECT json_agg(json_build_object('sku', sku, 'quantity', quantity,
                'unit_price', json_build_object('amount', unit_price, 'currency', currency), 'cancelled', cancelled,
                'shipped', CASE method WHEN 'ship' THEN handed_over ELSE 0 END,
                'collected', CASE method WHEN 'pickup' THEN handed_over ELSE 0 END, 'returned', returned)
                ORDER BY place)
            FROM order_lines AS line WHERE line.order_id = o.order_id),
        'allocations', coalesce((SELECT json_agg(json_build_object('sku', sku, 'location_id', location_id,
                'quantity', quantity, 'cancelled', cancelled, 'handed_over', handed_over) ORDER BY sku, location_id)
            FROM allocations AS share WHERE share.order_id = o.order_id AND quantity > 0), '[]'),
        'shipments', coalesce((SELECT json_agg(json_build_object('shipment_id', shipment_id,
                'location_id', location_id, 'lines', lines, 'carrier', carrier, 'tracking', tracking,
                'shipped_at', shipped_at) ORDER BY shipment_id)
            FROM shipments WHERE shipments.order_id = o.order_id), '[]'),
        'returns', coalesce((SELECT json_agg(json_build_object('return_id', return_id, 'location_id', location_id,
                'lines', lines, 'reason', reason, 'returned_at', returned_at,
                'receipt', CASE WHEN receipt_id IS NOT NULL THEN json_build_object('location_id', location_id,
                    'till_id', till_id, 'receipt_id', receipt_id) END) ORDER BY return_id)
            FROM returns WHERE returns.order_id = o.order_id), '[]'),
        'timeline', (SELECT json_agg(json_build_object('state', state, 'at', at, 'cause', cause, 'reason', reason)
                ORDER BY entry_id) FROM timeline WHERE timeline.order_id = o.order_id)
    )::text AS shown
    FROM orders AS o
"""
_MANY = Statement(f"{_VIEW} WHERE order_id = ANY(CAST(:ids AS uuid[]))")


async def many(connection: AsyncConnection, order_ids: Sequence[str]) -> list[str | None]:
    """Each order as JSON, in the order asked; None where no order has this id."""
    ids = list({order_id for order_id in order_ids if is_identifier(order_id)})
    if not ids:
        return [None] * len(order_ids)
    shown = {row.order_id: row.shown for row in await _MANY.rows(connection, ids=ids)}
    return [shown.get(order_id) for order_id in order_ids]


async def page(
    connection: AsyncConnection, filters: dict[str, str | None], before: str | None, limit: int
) -> list[str]:
    """Orders as JSON, newest first, from before the id `before` on; `filters` are columns and their values."""
    parameters: dict[str, Any] = {name: value for name, value in filters.items() if value is not None}
    conditions = [f"{name} = :{name}" for name in parameters]
    if before is not None:
        conditions.append("order_id < CAST(:before AS uuid)")
        parameters["before"] = before
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    statement = text(f"{_VIEW} {where} ORDER BY o.order_id DESC LIMIT :limit")
    return [row.shown for row in (await connection.execute(statement, {**parameters, "limit": limit})).all()]
