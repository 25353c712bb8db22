"""Changing orders: fewer units, another destination."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.orders.domain import amendments
from services.orders.domain.orders import Order
from services.orders.usecases.orders import Step, move
from shared.database import Transaction
from shared.errors import DomainError


@dataclass(frozen=True, slots=True)
class Amend:
    """`lines` are the units by sku that are wanted from now on, `destination` where they go; None stays as it is."""

    order_id: str
    lines: Mapping[str, int] | None
    destination: Mapping[str, Any] | None
    reason: str


async def amend(transaction: Transaction, changes: Sequence[Amend], now: datetime) -> list[Order | DomainError]:
    return await move(transaction, [(asked.order_id, _step(asked)) for asked in changes], now)


def _step(asked: Amend) -> Step:
    return lambda order: amendments.amend(order, asked.lines, asked.destination, asked.reason)
