"""The locations that pickup knows, as inventory tells them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.pickup.store.tables import LOCATIONS
from shared.database import Transaction
from shared.statements import Statement, columns

# An event that comes late or again never overwrites a newer one.
_PUT = Statement(
    """
    INSERT INTO locations AS known
        (location_id, name, latitude, longitude, time_zone, offers_pickup, changed_at, event_id, ships)
    SELECT * FROM unnest(CAST(:location_id AS text[]), CAST(:name AS text[]), CAST(:latitude AS double precision[]),
        CAST(:longitude AS double precision[]), CAST(:time_zone AS text[]), CAST(:offers_pickup AS boolean[]),
        CAST(:changed_at AS timestamptz[]), CAST(:event_id AS text[]), CAST(:ships AS boolean[]))
    ON CONFLICT (location_id) DO UPDATE SET name = excluded.name, latitude = excluded.latitude,
        longitude = excluded.longitude, time_zone = excluded.time_zone, offers_pickup = excluded.offers_pickup,
        changed_at = excluded.changed_at, event_id = excluded.event_id,
        ships = excluded.ships
    WHERE (known.changed_at, known.event_id) < (excluded.changed_at, excluded.event_id)
    """
)


async def put(transaction: Transaction, locations: Sequence[Any]) -> None:
    """Store locations, objects with the table's columns as attributes, each location once."""
    await _PUT.run(transaction, **columns(locations, *LOCATIONS.c.keys()))


async def offering_pickup(connection: AsyncConnection) -> Sequence[Row[Any]]:
    """The locations with coordinates at which customers may collect."""
    located = (LOCATIONS.c.latitude.is_not(None), LOCATIONS.c.longitude.is_not(None))
    return (await connection.execute(select(LOCATIONS).where(LOCATIONS.c.offers_pickup, *located))).all()


async def shipping(connection: AsyncConnection, limit: int) -> list[str]:
    """At most `limit` locations that send goods to others."""
    found = select(LOCATIONS.c.location_id).where(LOCATIONS.c.ships).order_by(LOCATIONS.c.location_id).limit(limit)
    return list((await connection.execute(found)).scalars())
