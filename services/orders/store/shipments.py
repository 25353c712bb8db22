"""Shipments in the database."""

from collections.abc import Sequence
from datetime import datetime

from pydantic_core import to_json

from services.orders.domain.orders import Shipped
from shared.database import Transaction
from shared.statements import Statement, listed

_INSERT = Statement(
    f"""
    INSERT INTO shipments (shipment_id, order_id, location_id, lines, carrier, tracking, shipped_at)
    SELECT shipment_id, order_id, location_id, CAST(lines AS jsonb), carrier, tracking, :now
    FROM {
        listed(
            {
                "shipment_ids": "uuid",
                "order_ids": "uuid",
                "location_ids": "text",
                "lines": "text",
                "carriers": "text",
                "trackings": "text",
            }
        )
    } AS shipped (shipment_id, order_id, location_id, lines, carrier, tracking)
    """
)


async def insert(transaction: Transaction, shipments: Sequence[tuple[str, Shipped]], now: datetime) -> None:
    """Store the shipments, each with its order's id."""
    if not shipments:
        return
    await _INSERT.run(
        transaction,
        shipment_ids=[shipment.shipment_id for _, shipment in shipments],
        order_ids=[order_id for order_id, _ in shipments],
        location_ids=[shipment.location_id for _, shipment in shipments],
        lines=[_lines(shipment) for _, shipment in shipments],
        carriers=[shipment.carrier for _, shipment in shipments],
        trackings=[shipment.tracking for _, shipment in shipments],
        now=now,
    )


def _lines(shipment: Shipped) -> str:
    return to_json([{"sku": sku, "quantity": units} for sku, units in shipment.lines.items()]).decode()
