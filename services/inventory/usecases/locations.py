"""Shops and warehouses: kept as they are told, and announced to whoever plans with them."""

from datetime import datetime

from services.inventory.store import locations
from shared.contracts.locations import CHANGED, LocationChanged
from shared.database import Transaction
from shared.identifiers import new_id
from shared.outbox import announce

SOURCE = "/inventory"


async def put_location(transaction: Transaction, location: LocationChanged, now: datetime) -> bool:
    """Store and announce the location; True where it is new."""
    is_new = await locations.put(transaction, location)
    announce(transaction, [CHANGED.event(location, event_id=new_id(), source=SOURCE, time=now)])
    return is_new
