"""The projection of locations that orders are sourced with."""

from collections.abc import Sequence

from services.orders.store import locations
from shared.consumer import Received
from shared.contracts.locations import LocationChanged
from shared.database import Transaction


async def learn(transaction: Transaction, received: Sequence[Received[LocationChanged]]) -> None:
    """Keep what is newest of each location; a repeat, and an event older than what is known, change nothing."""
    await locations.put(transaction, [(event.time, event.id, data) for event, data in received])
