"""What is expected: told, moved and withdrawn by whoever buys. Those who wait for it are told their new dates."""

from datetime import datetime

from services.inventory.store import incoming as store
from services.inventory.store.incoming import Incoming
from services.inventory.usecases.levels import lock_or_create, look_at
from shared.database import Transaction
from shared.errors import DomainError


async def expect(transaction: Transaction, incoming: Incoming, now: datetime) -> tuple[Incoming, bool]:
    """Store what is expected; it with what has come of it, and whether it is new. Its place and item must be known.

    Raises `conflict` where the id belongs to another place or item.
    """
    levels = await lock_or_create(transaction, [incoming.key])
    stored = await store.put(transaction, incoming, now)
    if stored is None:
        detail = f"{incoming.incoming_id} is expected at another place, or is another item; choose a new id."
        raise DomainError("conflict", detail)
    received, is_new = stored
    look_at(transaction, [incoming.key] if levels[incoming.key].awaited else [])
    return incoming._replace(received=received), is_new


async def withdraw(transaction: Transaction, incoming_id: str) -> None:
    """It is not expected any more. Promises that counted on it have the date of a later delivery, or none by now.

    Raises `not_found`.
    """
    incoming = await store.get(transaction, incoming_id)
    if incoming is None:
        raise DomainError("not_found", f"Nothing is expected under the id {incoming_id}.")
    levels = await lock_or_create(transaction, [incoming.key])
    await store.delete(transaction, incoming_id)
    look_at(transaction, [incoming.key] if levels[incoming.key].awaited else [])
