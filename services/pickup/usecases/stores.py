"""The profiles of stores: kept as they are told."""

from datetime import datetime

from services.pickup.store import stores
from services.pickup.store.stores import Profile
from shared.database import Transaction


async def put_store(transaction: Transaction, profile: Profile, now: datetime) -> bool:
    """Store the whole profile; True where the store had none. Bags that are due already stay due then."""
    return await stores.put(transaction, profile, now)
