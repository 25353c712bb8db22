"""The bus door of orders: event type → use case."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

from services.orders.usecases.elsewhere import Repairs
from services.orders.usecases.locations import learn
from services.orders.usecases.oversold import source_elsewhere
from services.orders.usecases.pickups import follow
from services.orders.usecases.reservations import settle
from services.orders.usecases.till_returns import mark_returned
from shared import dead_letters
from shared.clock import Clock
from shared.consumer import Apply, Received, Routes
from shared.contracts import locations, pickups, reservations, returns, stock
from shared.contracts.registry import EVENT_TYPES
from shared.contracts.returns import OrderUnitsReturned
from shared.contracts.stock import Oversold
from shared.database import Transaction
from shared.dead_letters import DeadLetter

UseCase = Callable[[Transaction, Sequence[Received[Any]], datetime], Awaitable[None]]


def reservation_routes(clock: Clock) -> Routes:
    """All types lead to one use case, so that a batch of them is one decision, in their order.

    That a reservation was confirmed or fulfilled is the echo of what orders and pickups said: it is passed over there.
    """
    return _all_of(reservations.TOPIC, _with(clock, settle))


def pickup_routes(clock: Clock, repairs: Repairs) -> Routes:
    """What a counter cannot give may come from elsewhere."""

    async def apply(transaction: Transaction, received: Sequence[Received[Any]]) -> None:
        await follow(transaction, received, clock(), repairs)

    return _all_of(pickups.TOPIC, apply)


def stock_routes(clock: Clock, repairs: Repairs) -> Routes:
    """When the shop floor wins, the orders at risk are sourced over the places that are known then."""

    async def apply(transaction: Transaction, received: Sequence[Received[Oversold]]) -> None:
        await source_elsewhere(transaction, received, clock(), repairs)

    return {stock.OVERSOLD.name: apply}


def location_routes() -> Routes:
    return {locations.CHANGED.name: learn}


def return_routes(clock: Clock) -> Routes:
    """What tills took back of orders; of an order that does not exist it is a dead letter."""

    async def apply(transaction: Transaction, received: Sequence[Received[OrderUnitsReturned]]) -> None:
        strangers = await mark_returned(transaction, received, clock())
        letters = [DeadLetter(returns.TOPIC, member.event, why.code, why.detail) for member, why in strangers]
        await dead_letters.keep(transaction, letters)

    return {returns.OF_ORDER.name: apply}


def _all_of(topic: str, apply: Apply) -> Routes:
    return {name: apply for name, kind in EVENT_TYPES.items() if kind.topic == topic}


def _with(clock: Clock, use_case: UseCase) -> Apply:
    async def apply(transaction: Transaction, received: Sequence[Received[Any]]) -> None:
        await use_case(transaction, received, clock())

    return apply
