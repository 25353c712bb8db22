"""Shops and warehouses, kept as inventory tells them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.pickup.store import locations
from shared.consumer import Received
from shared.contracts.locations import LocationChanged
from shared.database import Transaction


@dataclass(frozen=True, slots=True)
class _Known:
    location_id: str
    name: str
    latitude: float | None
    longitude: float | None
    time_zone: str | None
    offers_pickup: bool
    changed_at: datetime
    event_id: str
    ships: bool


async def learn_locations(transaction: Transaction, changed: Sequence[Received[LocationChanged]]) -> None:
    """Keep the newest word about each location; an older one that comes late changes nothing."""
    newest: dict[str, _Known] = {}
    for event, location in sorted(changed, key=lambda received: (received.event.time, received.event.id)):
        newest[location.location_id] = _Known(
            location_id=location.location_id,
            name=location.name,
            latitude=location.latitude,
            longitude=location.longitude,
            time_zone=location.time_zone,
            offers_pickup=location.offers_pickup,
            changed_at=event.time,
            event_id=event.id,
            ships=location.ships,
        )
    await locations.put(transaction, [newest[location_id] for location_id in sorted(newest)])
