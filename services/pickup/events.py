"""The bus door of pickup: event type → use case."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from services.pickup.usecases import deliveries
from services.pickup.usecases.locations import learn_locations
from services.pickup.usecases.orders import give_up_short, move_bags, request_pickups, take_off_cancelled
from services.pickup.usecases.slots import settle_slots
from shared.clock import Clock
from shared.consumer import Received, Routes
from shared.contracts import locations, orders, slots
from shared.contracts.locations import LocationChanged
from shared.contracts.orders import OrderCancelled, OrderConfirmed, OrderLineShort, OrderResourced
from shared.database import Transaction

TOPICS = (locations.TOPIC, orders.TOPIC)
WEBHOOK_TOPICS = deliveries.TOPICS


def routes(clock: Clock, preparation: timedelta, travel: timedelta) -> Routes:
    """`preparation` is for stores without a profile, `travel` the time that a transfer to a store takes."""

    async def on_confirmed(transaction: Transaction, received: Sequence[Received[OrderConfirmed]]) -> None:
        await request_pickups(transaction, received, clock(), preparation, travel)

    async def on_cancelled(transaction: Transaction, received: Sequence[Received[OrderCancelled]]) -> None:
        await take_off_cancelled(transaction, received, clock())

    async def on_short(transaction: Transaction, received: Sequence[Received[OrderLineShort]]) -> None:
        await give_up_short(transaction, received, clock())

    async def on_resourced(transaction: Transaction, received: Sequence[Received[OrderResourced]]) -> None:
        await move_bags(transaction, received, clock(), preparation, travel)

    async def on_location(transaction: Transaction, received: Sequence[Received[LocationChanged]]) -> None:
        await learn_locations(transaction, received)

    async def on_slots(transaction: Transaction, received: Sequence[Received[Any]]) -> None:
        await settle_slots(transaction, received, clock())

    return {
        slots.REQUESTED.name: on_slots,
        slots.WITHDRAWN.name: on_slots,
        orders.CONFIRMED.name: on_confirmed,
        orders.CANCELLED.name: on_cancelled,
        orders.LINE_SHORT.name: on_short,
        orders.RESOURCED.name: on_resourced,
        locations.CHANGED.name: on_location,
    }


def webhook_routes(clock: Clock) -> Routes:
    """For a group of its own: all that webhooks may be told of."""

    async def on_told(transaction: Transaction, received: Sequence[Received[Any]]) -> None:
        await deliveries.queue_deliveries(transaction, received, clock())

    return dict.fromkeys(deliveries.TOLD, on_told)
