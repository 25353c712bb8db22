"""Sourcing: the ranked places that inventory is asked to promise an order from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import cos, radians, sin

from services.orders.domain.refusals import Refused

Point = tuple[float, float]
"""Latitude and longitude in degrees."""
Vector = tuple[float, float, float]


@dataclass(frozen=True)
class Place:
    """A location as far as sourcing looks at it."""

    location_id: str
    is_warehouse: bool
    point: Point | None
    ships: bool
    offers_pickup: bool

    @cached_property
    def vector(self) -> Vector | None:
        return None if self.point is None else _unit_vector(self.point)


@dataclass(frozen=True, slots=True)
class Plan:
    """How inventory may combine the candidates, and which, in order of preference."""

    policy: str
    candidates: Sequence[str]


class Network:
    """All places, ready to be ranked for many orders."""

    def __init__(self, places: Iterable[Place]) -> None:
        self._places = {place.location_id: place for place in places}
        shipping = sorted(
            (place for place in self._places.values() if place.ships), key=lambda place: place.location_id
        )
        self._warehouses = [place for place in shipping if place.is_warehouse]
        self._stores = [place for place in shipping if not place.is_warehouse]

    def pickup_at(self, location_id: str) -> Plan:
        """The one store that the customer chose. Raises Refused where it is unknown or hands nothing out."""
        place = self._places.get(location_id)
        if place is None or not place.offers_pickup:
            lack = "is not known here" if place is None else "does not offer pickup"
            raise Refused("unknown_location", f"The location {location_id} {lack}.", "/fulfilment/location_id")
        return Plan("single_location", [location_id])

    def ship_to(self, destination: Point | None, policy: str, limit: int) -> Plan:
        """Warehouses, then stores, the nearest to the destination first; by id where a distance is not known.

        At most `limit` candidates. Raises Refused where nothing ships at all.
        """
        if not self._warehouses and not self._stores:
            raise Refused("unknown_location", "No location that ships is known here.", "/fulfilment")
        return Plan(policy, self._ranked(destination)[:limit])

    def ship_instead_of(self, short: str, destination: Point | None, policy: str, limit: int) -> Plan | None:
        """The same places but the one that is short; None where no other ships."""
        others = [location_id for location_id in self._ranked(destination) if location_id != short]
        return Plan(policy, others[:limit]) if others else None

    def _ranked(self, destination: Point | None) -> list[str]:
        ranked = self._warehouses + self._stores
        if destination is not None:
            target = _unit_vector(destination)
            ranked = _by_distance(self._warehouses, target) + _by_distance(self._stores, target)
        return [place.location_id for place in ranked]


def _by_distance(places: Iterable[Place], target: Vector) -> list[Place]:
    """Places that are in the order of their ids stay so where they are equally far."""
    return sorted(places, key=lambda place: _chord(place.vector, target))


def _chord(vector: Vector | None, target: Vector) -> float:
    """The straight line through the globe, squared, in squared radii: it grows with the distance over ground."""
    if vector is None:
        return float("inf")
    return (vector[0] - target[0]) ** 2 + (vector[1] - target[1]) ** 2 + (vector[2] - target[2]) ** 2


def _unit_vector(point: Point) -> Vector:
    latitude, longitude = radians(point[0]), radians(point[1])
    return cos(latitude) * cos(longitude), cos(latitude) * sin(longitude), sin(latitude)
