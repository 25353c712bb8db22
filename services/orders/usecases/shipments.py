"""Parcels that left: stored with their order's progress."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.orders.domain import commands
from services.orders.domain.orders import Order, Shipped
from services.orders.store import shipments as store
from services.orders.usecases.orders import Step, move
from shared.database import Transaction
from shared.errors import DomainError


@dataclass(frozen=True, slots=True)
class Ship:
    order_id: str
    shipment: Shipped


async def ship(transaction: Transaction, shipments: Sequence[Ship], now: datetime) -> list[Order | DomainError]:
    outcomes = await move(transaction, [(asked.order_id, _step(asked)) for asked in shipments], now)
    left = [
        (asked.order_id, asked.shipment)
        for asked, outcome in zip(shipments, outcomes, strict=True)
        if isinstance(outcome, Order)
    ]
    await store.insert(transaction, left, now)
    return outcomes


def _step(asked: Ship) -> Step:
    return lambda order: commands.ship(order, asked.shipment)
