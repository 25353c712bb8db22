"""The bus door of pickup: event type → use case."""

from collections.abc import Sequence
from datetime import timedelta

from services.pickup.usecases.locations import learn_locations
from services.pickup.usecases.orders import give_up_short, request_pickups, take_off_cancelled
from shared.clock import Clock
from shared.consumer import Received, Routes
from shared.contracts import locations, orders
from shared.contracts.locations import LocationChanged
from shared.contracts.orders import OrderCancelled, OrderConfirmed, OrderLineShort
from shared.database import Transaction

TOPICS = (locations.TOPIC, orders.TOPIC)


def routes(clock: Clock, preparation: timedelta) -> Routes:
    async def on_confirmed(transaction: Transaction, received: Sequence[Received[OrderConfirmed]]) -> None:
        await request_pickups(transaction, received, clock(), preparation)

    async def on_cancelled(transaction: Transaction, received: Sequence[Received[OrderCancelled]]) -> None:
        await take_off_cancelled(transaction, received, clock())

    async def on_short(transaction: Transaction, received: Sequence[Received[OrderLineShort]]) -> None:
        await give_up_short(transaction, received, clock())

    async def on_location(transaction: Transaction, received: Sequence[Received[LocationChanged]]) -> None:
        await learn_locations(transaction, received)

    return {
        orders.CONFIRMED.name: on_confirmed,
        orders.CANCELLED.name: on_cancelled,
        orders.LINE_SHORT.name: on_short,
        locations.CHANGED.name: on_location,
    }
