"""Items in the database."""

import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.inventory.store.tables import ITEMS
from shared.database import Transaction
from shared.statements import Statement


class Item(NamedTuple):
    """An item as it is kept; `attributes` is any JSON object of the retailer's."""

    sku: str
    name: str
    gtin: str | None
    attributes: dict[str, Any]


_PUT = Statement(
    """
    INSERT INTO items (sku, name, gtin, attributes, listed)
    SELECT sku, name, gtin, CAST(attributes AS jsonb), true
    FROM unnest(CAST(:skus AS text[]), CAST(:names AS text[]), CAST(:gtins AS text[]), CAST(:attributes AS text[]))
        AS item (sku, name, gtin, attributes)
    ORDER BY sku
    ON CONFLICT (sku) DO UPDATE SET name = excluded.name, gtin = excluded.gtin, attributes = excluded.attributes,
        listed = true, updated_at = now()
    RETURNING sku, xmax = 0 AS is_new
    """
)
_ADD_UNLISTED = Statement(
    """
    INSERT INTO items (sku, name, attributes, listed)
    SELECT sku, 'unlisted ' || sku, '{}', false FROM unnest(CAST(:skus AS text[])) AS unlisted (sku) ORDER BY sku
    ON CONFLICT DO NOTHING RETURNING sku
    """
)
_KNOWN = Statement("SELECT sku FROM items WHERE sku = ANY(CAST(:skus AS text[]))")


async def put(transaction: Transaction, items: Sequence[Item]) -> dict[str, bool]:
    """Store the items, each sku once; True for those that are new."""
    rows = await _PUT.rows(
        transaction,
        skus=[item.sku for item in items],
        names=[item.name for item in items],
        gtins=[item.gtin for item in items],
        attributes=[json.dumps(item.attributes) for item in items],
    )
    return {row.sku: row.is_new for row in rows}


async def add_unlisted(transaction: Transaction, skus: Iterable[str]) -> list[str]:
    """Create the items that a till knows and Zaiko does not; the new ones are returned."""
    return [row.sku for row in await _ADD_UNLISTED.rows(transaction, skus=sorted(set(skus)))]


async def unknown(connection: AsyncConnection, skus: Iterable[str]) -> set[str]:
    asked = set(skus)
    return asked - {row.sku for row in await _KNOWN.rows(connection, skus=list(asked))}


async def get(connection: AsyncConnection, sku: str) -> Row[Any] | None:
    return (await connection.execute(select(ITEMS).where(ITEMS.c.sku == sku))).first()


async def page(
    connection: AsyncConnection,
    listed: bool | None,
    gtins: Sequence[str] | None,
    after: str | None,
    limit: int,
) -> Sequence[Row[Any]]:
    """Items by sku, from after the one given; those with one of the GTINs where some are named."""
    statement = select(ITEMS).order_by(ITEMS.c.sku).limit(limit)
    if listed is not None:
        statement = statement.where(ITEMS.c.listed.is_(listed))
    if gtins is not None:
        statement = statement.where(ITEMS.c.gtin.in_(gtins))
    if after is not None:
        statement = statement.where(ITEMS.c.sku > after)
    return (await connection.execute(statement)).all()
