"""Stock movements by hand, and safety stock."""

from collections.abc import Sequence
from datetime import datetime

from services.inventory.domain.ledger import Movement
from services.inventory.domain.levels import Key
from services.inventory.store import items, ledger, locations
from services.inventory.usecases.ledger import record, touched
from services.inventory.usecases.levels import lock_or_create, settle
from shared.database import Transaction
from shared.errors import InvalidRequest


async def move_stock(
    transaction: Transaction, requests: Sequence[Sequence[Movement]], now: datetime
) -> list[set[ledger.Identity]]:
    """Record the movements of each request; answers which of them were new. Places and items must be known."""
    movements = [movement for request in requests for movement in request]
    levels = await lock_or_create(transaction, touched(movements))
    fresh = await record(transaction, levels, movements, now)
    await settle(transaction, levels, now)
    answers = []
    for request in requests:
        own = {ledger.identity(movement) for movement in request} & fresh
        fresh -= own
        answers.append(own)
    return answers


async def check_known(transaction: Transaction, places: dict[str, str], skus: dict[str, str]) -> None:
    """Raises `unknown_location` or `unknown_sku` for the first that is not there; values are JSON Pointers to them."""
    for location_id in sorted(await locations.unknown(transaction, list(places))):
        raise InvalidRequest(places[location_id], f"there is no location {location_id}", "unknown_location")
    for sku in sorted(await items.unknown(transaction, skus)):
        raise InvalidRequest(skus[sku], f"there is no item {sku}", "unknown_sku")


async def set_safety_stock(transaction: Transaction, key: Key, quantity: int, now: datetime) -> None:
    """Keep `quantity` units of an item at a place out of every promise."""
    levels = await lock_or_create(transaction, [key])
    levels[key].safety_stock = quantity
    await settle(transaction, levels, now)
