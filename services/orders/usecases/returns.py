"""Units that customers bring back, to any place."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.orders.domain import commands
from services.orders.domain.orders import Order
from services.orders.domain.returns import Returned
from services.orders.store import returns as store
from services.orders.usecases.orders import Step, move
from shared.database import Transaction
from shared.errors import DomainError


@dataclass(frozen=True, slots=True)
class TakeBack:
    order_id: str
    returned: Returned


async def take_back(transaction: Transaction, returns: Sequence[TakeBack], now: datetime) -> list[Order | DomainError]:
    outcomes = await move(transaction, [(asked.order_id, _step(asked)) for asked in returns], now)
    taken = [
        (asked.order_id, asked.returned)
        for asked, outcome in zip(returns, outcomes, strict=True)
        if isinstance(outcome, Order)
    ]
    await store.insert(transaction, taken, now)
    return outcomes


def _step(asked: TakeBack) -> Step:
    return lambda order: commands.take_back(order, asked.returned)
