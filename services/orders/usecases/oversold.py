"""Promises at risk: noted in the orders' timelines."""

from collections.abc import Sequence
from datetime import datetime

from services.orders.domain.orders import Cause, Order
from services.orders.domain.states import FINAL
from services.orders.store import orders as store
from services.orders.store.counted_events import first_time
from services.orders.usecases.orders import Step, move
from shared.consumer import Received
from shared.contracts.stock import OVERSOLD, Oversold
from shared.database import Transaction


async def note(transaction: Transaction, received: Sequence[Received[Oversold]], now: datetime) -> None:
    """Write each event into the timeline of every open order whose promise it names, once."""
    told = {
        (promise.reference, event.source, event.id): data
        for event, data in received
        for promise in data.promises
        if store.is_identifier(promise.reference)
    }
    fresh = await first_time(transaction, told)
    await move(transaction, [(mark[0], _step(data)) for mark, data in told.items() if mark in fresh], now)


def _step(data: Oversold) -> Step:
    cause = Cause(OVERSOLD.name, f"{data.shortfall} of {data.sku} short at {data.location_id}")

    def step(order: Order) -> None:
        if order.state not in FINAL:
            order.advance(cause)

    return step
