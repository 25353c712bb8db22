"""Places as sourcing looks at them, and how far they are from somewhere."""

from dataclasses import dataclass
from functools import cached_property
from math import asin, cos, inf, radians, sin, sqrt
from typing import Literal

EARTH_RADIUS_KM = 6371.0088
"""Mean radius (IUGG)."""

Point = tuple[float, float]
"""Latitude and longitude in degrees."""
Vector = tuple[float, float, float]
Kind = Literal["store", "warehouse"]


@dataclass(frozen=True, slots=True)
class Capacity:
    """What a place can do in a day, and what a parcel from it costs; None where nothing is said.

    `cost_per_parcel` is in minor units; all places tell it in one currency. A day is one of the place's own time zone.
    """

    orders_per_day: int | None = None
    cost_per_parcel: int | None = None


UNLIMITED = Capacity()


@dataclass(frozen=True)
class Place:
    """A location as far as sourcing looks at it."""

    location_id: str
    is_warehouse: bool
    point: Point | None
    ships: bool
    offers_pickup: bool
    groups: frozenset[str] = frozenset()
    time_zone: str | None = None
    capacity: Capacity = UNLIMITED

    @cached_property
    def vector(self) -> Vector | None:
        return None if self.point is None else vector_of(self.point)

    @cached_property
    def kind(self) -> Kind:
        return "warehouse" if self.is_warehouse else "store"


def chord(vector: Vector | None, target: Vector | None) -> float:
    """The straight line through the globe, squared, in squared radii: it grows with the distance over ground.

    Infinite where either end is not known.
    """
    if vector is None or target is None:
        return inf
    return (vector[0] - target[0]) ** 2 + (vector[1] - target[1]) ** 2 + (vector[2] - target[2]) ** 2


def kilometres(chord_squared: float) -> float:
    """The distance over ground; infinite where the chord is."""
    return chord_squared if chord_squared == inf else 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(chord_squared) / 2))


def vector_of(point: Point) -> Vector:
    latitude, longitude = radians(point[0]), radians(point[1])
    return cos(latitude) * cos(longitude), cos(latitude) * sin(longitude), sin(latitude)
