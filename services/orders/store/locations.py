"""The projection of inventory's locations, and the network that orders are sourced over."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from services.orders.domain.days import day_starts
from services.orders.domain.places import Capacity, Place
from services.orders.domain.sourcing import Network
from services.orders.store import capacities, routing_policies
from shared.contracts.locations import LocationChanged
from shared.database import Transaction
from shared.statements import Statement, columns, listed

_LOCATION = {
    "location_id": "text",
    "kind": "text",
    "latitude": "double precision",
    "longitude": "double precision",
    "ships": "boolean",
    "offers_pickup": "boolean",
    "changed_at": "timestamptz",
    "event_id": "text",
    "groups": "text",
    "time_zone": "text",
}
# Names of groups hold no blank, and arrays of different lengths do not travel in one.
_PUT = Statement(
    f"""
    INSERT INTO locations AS known
        (location_id, kind, latitude, longitude, ships, offers_pickup, changed_at, event_id, groups, time_zone)
    SELECT location_id, kind, latitude, longitude, ships, offers_pickup, changed_at, event_id,
        string_to_array(groups, ' '), time_zone
    FROM {listed(_LOCATION)} AS new ({", ".join(_LOCATION)}) ORDER BY new.location_id
    ON CONFLICT (location_id) DO UPDATE SET kind = excluded.kind, latitude = excluded.latitude,
        longitude = excluded.longitude, ships = excluded.ships, offers_pickup = excluded.offers_pickup,
        changed_at = excluded.changed_at, event_id = excluded.event_id, groups = excluded.groups,
        time_zone = excluded.time_zone, version = DEFAULT
    WHERE (excluded.changed_at, excluded.event_id) > (known.changed_at, known.event_id)
    """
)
_ALL = Statement(
    """
    SELECT place.location_id, kind, latitude, longitude, ships, offers_pickup, groups, time_zone,
        orders_per_day, cost_amount
    FROM locations AS place LEFT JOIN fulfilment_capacities AS capacity USING (location_id)
    """
)
# Every change adds a version or raises one, so the sum tells any two contents apart, in whatever order they commit.
_VERSION = Statement(
    """
    SELECT count(*) AS places, coalesce(sum(version), 0) AS versions,
        (SELECT coalesce(sum(version), 0) FROM routing_policies) AS policies,
        (SELECT coalesce(sum(version), 0) FROM fulfilment_capacities) AS capacities
    FROM locations
    """
)

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
        groups=[" ".join(location.groups) for location in locations],
        time_zone=[location.time_zone for location in locations],
    )


class Networks:
    """All places and policies that are known now; what was read, `latest`, stays in memory until one has changed."""

    def __init__(self) -> None:
        self._version: tuple[int, ...] | None = None
        self.latest = Network(())

    async def current(self, connection: AsyncConnection) -> Network:
        (row,) = await _VERSION.rows(connection)
        version = (row.places, row.versions, row.policies, row.capacities)
        if version != self._version:
            policies = await routing_policies.every(connection)
            self.latest = Network([_place(row) for row in await _ALL.rows(connection)], policies)
            self._version = version
        return self.latest

    async def today(self, connection: AsyncConnection, now: datetime, channels: Iterable[str] | None = None) -> Network:
        """The current network with what its places have taken on today, where orders of these channels look at it.

        One statement more than `current`, for them alone; without `channels` where any channel's policy looks at it.
        """
        network = await self.current(connection)
        if not network.looks_at_capacity(channels):
            return network
        limited = [place for place in network.places.values() if place.capacity.orders_per_day is not None]
        zones = {place.location_id: place.time_zone for place in limited}
        return network.with_used(await capacities.used(connection, day_starts(zones, now)))


def _place(row: Any) -> Place:
    return Place(
        location_id=row.location_id,
        is_warehouse=row.kind == "warehouse",
        point=None if row.latitude is None or row.longitude is None else (row.latitude, row.longitude),
        ships=row.ships,
        offers_pickup=row.offers_pickup,
        groups=frozenset(row.groups),
        time_zone=row.time_zone,
        capacity=Capacity(row.orders_per_day, row.cost_amount),
    )
