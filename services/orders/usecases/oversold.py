"""Promises at risk: orders ask for their units from elsewhere.

`oversold` names carts too. They are promises that a storefront holds: it hears of them by that event, and nothing is
done about them here. An order that is placed with such a cart is promised anew by inventory.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from services.orders.domain.orders import Cause, Order
from services.orders.domain.reallocations import Missing, ask, missing_of_each
from services.orders.domain.sourcing import Network, Plan
from services.orders.store import orders as store
from services.orders.store.counted_events import Mark, first_time
from services.orders.usecases.orders import Step, move
from services.orders.usecases.placements import point_of
from shared.consumer import Received
from shared.contracts.orders import FULFILMENT, PickupFulfilment
from shared.contracts.stock import OVERSOLD, Oversold
from shared.database import Transaction


class _AtRisk(NamedTuple):
    """An order of ours that an event names."""

    mark: Mark
    missing: Missing
    cause: Cause


async def source_elsewhere(
    transaction: Transaction,
    received: Sequence[Received[Oversold]],
    now: datetime,
    network: Network,
    candidates_limit: int,
) -> None:
    """Let every order that an event names ask for what it lacks, under its own policy; each event counts once."""
    at_risk = {promise.mark: promise for event in received for promise in _at_risk(event)}
    fresh = await first_time(transaction, at_risk)

    def step(promise: _AtRisk) -> Step:
        return lambda order: ask(
            order, promise.missing, _plan(order, promise.missing, network, candidates_limit), promise.cause
        )

    await move(transaction, [(mark[0], step(promise)) for mark, promise in at_risk.items() if mark in fresh], now)


def _at_risk(received: Received[Oversold]) -> Iterable[_AtRisk]:
    event, data = received
    cause = Cause(OVERSOLD.name, f"{data.shortfall} of {data.sku} short at {data.location_id}")
    lacking = missing_of_each([promise.quantity for promise in data.promises], data.shortfall)
    for promise, quantity in zip(data.promises, lacking, strict=True):
        if store.is_identifier(promise.reference):
            missing = Missing(promise.reservation_id, data.sku, data.location_id, quantity)
            yield _AtRisk((promise.reference, event.source, event.id), missing, cause)


def _plan(order: Order, missing: Missing, network: Network, candidates_limit: int) -> Plan | None:
    """The order's own policy over the places that are known now; None where it is collected at this one."""
    fulfilment = FULFILMENT.validate_json(order.fulfilment)
    if isinstance(fulfilment, PickupFulfilment):
        return None
    return network.ship_instead_of(missing.location_id, point_of(fulfilment), fulfilment.policy, candidates_limit)
