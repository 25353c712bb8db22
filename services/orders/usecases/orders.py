"""The corridor that every change of an order walks: lock, decide in memory, write, announce."""

from collections.abc import Callable, Sequence
from datetime import datetime

from services.orders.domain.orders import Order
from services.orders.domain.refusals import Refused
from services.orders.store import orders as store
from services.orders.usecases.announcements import announce_happenings
from services.orders.usecases.refusals import as_domain_error
from shared.database import Transaction
from shared.errors import DomainError

Step = Callable[[Order], None]
"""Moves a locked order; raises Refused before it has changed anything."""


async def move(transaction: Transaction, steps: Sequence[tuple[str, Step]], now: datetime) -> list[Order | DomainError]:
    """Take the steps in order, each with its order's id; for each the order after it, or why it was refused."""
    orders = await store.lock(transaction, [order_id for order_id, _ in steps])
    outcomes = [_take(step, orders.get(order_id), order_id) for order_id, step in steps]
    await store.write(transaction, orders.values(), now)
    announce_happenings(transaction, orders.values(), now)
    return outcomes


def _take(step: Step, order: Order | None, order_id: str) -> Order | DomainError:
    if order is None:
        return DomainError("not_found", f"There is no order {order_id}.")
    try:
        step(order)
    except Refused as refused:
        return as_domain_error(refused)
    return order
