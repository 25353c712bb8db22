"""The bus door of inventory: event type → use case."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

from services.inventory.usecases import orders as promises
from services.inventory.usecases.reallocations import reallocate_orders
from services.inventory.usecases.reassignments import reassign_orders
from services.inventory.usecases.tills import KINDS, record_till_events
from services.inventory.usecases.transfers import follow_transfers
from shared import dead_letters
from shared.clock import Clock
from shared.consumer import Apply, Received, Routes
from shared.contracts import orders, pickups, reassignments, slots, tills, transfers
from shared.database import Transaction
from shared.dead_letters import DeadLetter
from shared.errors import DomainError

TILL_TOPICS = (tills.TOPIC,)
PROMISE_TOPICS = (orders.TOPIC, pickups.TOPIC)

UseCase = Callable[[Transaction, Sequence[Received[Any]], datetime], Awaitable[None]]


def till_routes(clock: Clock) -> Routes:
    """Facts from the shop floors."""

    async def apply(transaction: Transaction, received: Sequence[Received[Any]]) -> None:
        effects = await record_till_events(transaction, received, clock())
        refused = [
            DeadLetter(tills.TOPIC, member.event, effect.code, effect.detail)
            for member, effect in zip(received, effects, strict=True)
            if isinstance(effect, DomainError)
        ]
        await dead_letters.keep(transaction, refused)

    return dict.fromkeys(KINDS, apply)


def promise_routes(clock: Clock) -> Routes:
    """What became of orders. Units that a pickup gives up come back through the order that cancels them."""
    travelling = _with(clock, follow_transfers)
    return {
        orders.PLACED.name: _with(clock, promises.promise_orders),
        orders.CONFIRMED.name: _with(clock, promises.confirm_orders),
        orders.CANCELLED.name: _with(clock, promises.release_cancelled),
        slots.WITHDRAWN.name: _with(clock, promises.release_withdrawn),
        orders.REALLOCATION_REQUESTED.name: _with(clock, reallocate_orders),
        reassignments.REQUESTED.name: _with(clock, reassign_orders),
        orders.SHIPPED.name: _with(clock, promises.fulfil_shipped),
        orders.RETURNED.name: _with(clock, promises.take_back),
        pickups.COLLECTED.name: _with(clock, promises.fulfil_collected),
        transfers.SENT.name: travelling,
        transfers.RECEIVED.name: travelling,
    }


def _with(clock: Clock, use_case: UseCase) -> Apply:
    async def apply(transaction: Transaction, received: Sequence[Received[Any]]) -> None:
        await use_case(transaction, received, clock())

    return apply
