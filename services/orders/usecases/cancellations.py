"""Cancelling orders, whole or in part."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.orders.domain import commands
from services.orders.domain.orders import Order
from services.orders.usecases.orders import Step, move
from shared.database import Transaction
from shared.errors import DomainError


@dataclass(frozen=True, slots=True)
class Cancel:
    """`lines` are units by sku; None is everything that is open."""

    order_id: str
    lines: Mapping[str, int] | None
    reason: str


async def cancel(transaction: Transaction, cancellations: Sequence[Cancel], now: datetime) -> list[Order | DomainError]:
    return await move(transaction, [(asked.order_id, _step(asked)) for asked in cancellations], now)


def _step(asked: Cancel) -> Step:
    return lambda order: commands.cancel(order, asked.lines, asked.reason)
