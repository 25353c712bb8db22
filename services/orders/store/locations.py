"""The projection of inventory's locations."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from services.orders.domain.sourcing import Network, Place
from shared.contracts.locations import LocationChanged
from shared.database import Statement, Transaction, columns, listed

_LOCATION = {
    "location_id": "text",
    "kind": "text",
    "latitude": "double precision",
    "longitude": "double precision",
    "ships": "boolean",
    "offers_pickup": "boolean",
    "changed_at": "timestamptz",
    "event_id": "text",
}
_PUT = Statement(
    f"""
    INSERT INTO locations AS known
        (location_id, kind, latitude, longitude, ships, offers_pickup, changed_at, event_id)
    SELECT * FROM {listed(_LOCATION)} AS new (location_id) ORDER BY new.location_id
    ON CONFLICT (location_id) DO UPDATE SET kind = excluded.kind, latitude = excluded.latitude,
        longitude = excluded.longitude, ships = excluded.ships, offers_pickup = excluded.offers_pickup,
        changed_at = excluded.changed_at, event_id = excluded.event_id, version = DEFAULT
    WHERE (excluded.changed_at, excluded.event_id) > (known.changed_at, known.event_id)
    """
)
_ALL = Statement("SELECT location_id, kind, latitude, longitude, ships, offers_pickup FROM locations")
# Every change adds a version or raises one, so the sum tells any two contents apart, in whatever order they commit.
_VERSION = Statement("SELECT count(*) AS places, coalesce(sum(version), 0) AS versions FROM locations")

Change = tuple[datetime, str, LocationChanged]
"""When a location changed, by which event, and into what."""


async def put(transaction: Transaction, changes: Sequence[Change]) -> None:
    """Store the newest of the changes of each location, unless a newer one is known already."""
    newest: dict[str, Change] = {}
    for change in sorted(changes, key=lambda change: change[:2]):
        newest[change[2].location_id] = change
    locations = [location for _, _, location in newest.values()]
    await _PUT.run(
        transaction,
        **columns(locations, "location_id", "kind", "latitude", "longitude", "ships", "offers_pickup"),
        changed_at=[changed_at for changed_at, _, _ in newest.values()],
        event_id=[event_id for _, event_id, _ in newest.values()],
    )


class Networks:
    """All places that are known now; what was read, `latest`, stays in memory until one of them has changed."""

    def __init__(self) -> None:
        self._version: tuple[int, int] | None = None
        self.latest = Network(())

    async def current(self, connection: AsyncConnection) -> Network:
        (row,) = await _VERSION.rows(connection)
        version = (row.places, row.versions)
        if version != self._version:
            self.latest = Network(_place(row) for row in await _ALL.rows(connection))
            self._version = version
        return self.latest


def _place(row: Any) -> Place:
    return Place(
        location_id=row.location_id,
        is_warehouse=row.kind == "warehouse",
        point=None if row.latitude is None or row.longitude is None else (row.latitude, row.longitude),
        ships=row.ships,
        offers_pickup=row.offers_pickup,
    )
