"""Other stores where a customer may collect an order that its own store has failed."""

from collections.abc import Collection

from services.orders.domain.places import chord
from services.orders.domain.sourcing import Network, Plan


def nearest_stores(network: Network, location_id: str, failed: Collection[str], limit: int) -> Plan | None:
    """Stores that hand out, the nearest to this one first, by id where a distance is not known; None without any.

    One of them is to have all of it: at most `limit` are named, and none that has failed before.
    """
    here = network.places.get(location_id)
    others = [
        place
        for place in network.places.values()
        if place.offers_pickup and place.location_id != location_id and place.location_id not in failed
    ]
    ranked = sorted(others, key=lambda place: chord(place.vector, None if here is None else here.vector))
    candidates = [place.location_id for place in ranked[:limit]]
    return Plan("single_location", candidates) if candidates else None
