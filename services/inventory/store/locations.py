"""Locations in the database."""

from collections.abc import Sequence

from sqlalchemy import Boolean, Row, func, literal_column, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.inventory.store.tables import LOCATIONS
from shared.contracts.locations import LocationChanged
from shared.database import Transaction
from shared.statements import Statement

_KNOWN = Statement("SELECT location_id FROM locations WHERE location_id = ANY(CAST(:location_ids AS text[]))")
_SHIPPING = Statement("SELECT location_id FROM locations WHERE ships ORDER BY location_id")


async def put(transaction: Transaction, location: LocationChanged) -> bool:
    """Store the location under its id; True where it is new."""
    values = location.model_dump(include={column.name for column in LOCATIONS.c})
    statement = insert(LOCATIONS).values(values)
    upsert = statement.on_conflict_do_update(
        index_elements=[LOCATIONS.c.location_id], set_={**values, "updated_at": func.now()}
    ).returning(literal_column("xmax = 0", Boolean))
    return bool((await transaction.execute(upsert)).scalar_one())


async def get(connection: AsyncConnection, location_id: str) -> Row[tuple[object, ...]] | None:
    return (await connection.execute(select(LOCATIONS).where(LOCATIONS.c.location_id == location_id))).first()


async def page(connection: AsyncConnection, after: str | None, limit: int) -> Sequence[Row[tuple[object, ...]]]:
    statement = select(LOCATIONS).order_by(LOCATIONS.c.location_id).limit(limit)
    if after is not None:
        statement = statement.where(LOCATIONS.c.location_id > after)
    return (await connection.execute(statement)).all()


async def with_coordinates(connection: AsyncConnection) -> Sequence[Row[tuple[object, ...]]]:
    statement = select(LOCATIONS).where(LOCATIONS.c.latitude.is_not(None), LOCATIONS.c.longitude.is_not(None))
    return (await connection.execute(statement)).all()


async def unknown(connection: AsyncConnection, location_ids: Sequence[str]) -> set[str]:
    """Which of these ids no location has."""
    asked = set(location_ids)
    return asked - {row.location_id for row in await _KNOWN.rows(connection, location_ids=list(asked))}


async def shipping(connection: AsyncConnection) -> list[str]:
    """The locations that ship, in the order of their ids."""
    return [row.location_id for row in await _SHIPPING.rows(connection)]
