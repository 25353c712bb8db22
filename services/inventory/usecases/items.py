"""Items: kept as they are told."""

from collections.abc import Sequence

from services.inventory.store import items
from services.inventory.store.items import Item
from shared.database import Transaction


async def put_items(transaction: Transaction, offered: Sequence[Item]) -> dict[str, bool]:
    """Store the items; where a sku is offered twice the last one counts. True for those that are new."""
    return await items.put(transaction, list({item.sku: item for item in offered}.values()))
