"""Promises at risk: orders ask for their units from elsewhere.

`oversold` names carts too. They are promises that a storefront holds: it hears of them by that event, and nothing is
done about them here. An order that is placed with such a cart is promised anew by inventory.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from services.orders.domain.fulfilments import ships_to_store
from services.orders.domain.orders import Cause, Order
from services.orders.domain.reallocations import Missing, ask, missing_of_each
from services.orders.domain.reassignments import Elsewhere
from services.orders.domain.sourcing import Plan
from services.orders.domain.states import Method
from services.orders.store import orders as store
from services.orders.store.counted_events import Mark, first_time
from services.orders.usecases.elsewhere import Repairs
from services.orders.usecases.orders import Step, move
from shared.consumer import Received
from shared.contracts.stock import OVERSOLD, Oversold
from shared.database import Transaction


class _AtRisk(NamedTuple):
    """An order of ours that an event names."""

    mark: Mark
    missing: Missing
    cause: Cause


async def source_elsewhere(
    transaction: Transaction, received: Sequence[Received[Oversold]], now: datetime, repairs: Repairs
) -> None:
    """Let every order that an event names ask for what it lacks, under its own policy; each event counts once."""
    at_risk = {promise.mark: promise for event in received for promise in _at_risk(event)}
    fresh = await first_time(transaction, at_risk)
    elsewhere = await repairs.elsewhere(transaction, now)

    def step(promise: _AtRisk) -> Step:
        return lambda order: ask(order, promise.missing, _plan(order, promise.missing, elsewhere), promise.cause)

    await move(transaction, [(mark[0], step(promise)) for mark, promise in at_risk.items() if mark in fresh], now)


def _at_risk(received: Received[Oversold]) -> Iterable[_AtRisk]:
    event, data = received
    cause = Cause(OVERSOLD.name, f"{data.shortfall} of {data.sku} short at {data.location_id}")
    lacking = missing_of_each([promise.quantity for promise in data.promises], data.shortfall)
    for promise, quantity in zip(data.promises, lacking, strict=True):
        if store.is_identifier(promise.reference):
            missing = Missing(promise.reservation_id, data.sku, data.location_id, quantity)
            yield _AtRisk((promise.reference, event.source, event.id), missing, cause)


def _plan(order: Order, missing: Missing, elsewhere: Elsewhere) -> Plan | None:
    """Where the units may come from, but for places that have failed the item before; None where no try is left.

    Nor is there another place for what is collected here, unless it may be sent here: the counter finds the units, or
    gives them up.
    """
    if order.method is Method.PICKUP and not ships_to_store(order.fulfilment):
        return None
    if not elsewhere.has_try_left(order, missing.sku, missing.location_id):
        return None
    return elsewhere.plan(order, missing.location_id, order.failed.get(missing.sku, ()))
