"""What a routing policy can ask of a place: filters let it in or not, rankings say which of two comes first."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Literal

from services.orders.domain.places import Kind, Place, Vector, chord, kilometres


@dataclass(frozen=True, slots=True)
class Demand:
    """What places are looked at for: where it goes to, if that is known, and what they have taken on today.

    `used` is orders promised today by place; a place that is not there has none.
    """

    target: Vector | None = None
    used: Mapping[str, int] = field(default_factory=dict)

    def chord_to(self, place: Place) -> float:
        return chord(place.vector, self.target)

    def orders_left(self, place: Place) -> float:
        """So many more orders the place takes today; infinite where it has no limit, below 0 where it is beyond."""
        limit = place.capacity.orders_per_day
        return inf if limit is None else limit - self.used.get(place.location_id, 0)


@dataclass(frozen=True, slots=True)
class KindFilter:
    """Places of these kinds."""

    kinds: Sequence[Kind]
    filter: Literal["kind"] = "kind"

    def admits(self, place: Place, demand: Demand) -> bool:
        return place.kind in self.kinds

    def refusal(self, place: Place, demand: Demand) -> str:
        return f"is a {place.kind}"


@dataclass(frozen=True, slots=True)
class GroupFilter:
    """Places in one of the groups `any_of`, if there are any, and in none of `none_of`."""

    any_of: Sequence[str] = ()
    none_of: Sequence[str] = ()
    filter: Literal["group"] = "group"

    def admits(self, place: Place, demand: Demand) -> bool:
        return (not self.any_of or not place.groups.isdisjoint(self.any_of)) and place.groups.isdisjoint(self.none_of)

    def refusal(self, place: Place, demand: Demand) -> str:
        unwanted = sorted(place.groups.intersection(self.none_of))
        return f"is in the group {unwanted[0]}" if unwanted else f"is in no group of {', '.join(self.any_of)}"


@dataclass(frozen=True, slots=True)
class WithinFilter:
    """Places at most so far from the destination. Where it goes to is not always known: then it lets all in."""

    km: float
    filter: Literal["within_km"] = "within_km"

    def admits(self, place: Place, demand: Demand) -> bool:
        return demand.target is None or kilometres(demand.chord_to(place)) <= self.km

    def refusal(self, place: Place, demand: Demand) -> str:
        if place.point is None:
            return "has no coordinates"
        return f"is {kilometres(demand.chord_to(place)):.1f} km away, further than {self.km:g}"


@dataclass(frozen=True, slots=True)
class CapacityLeftFilter:
    """Places that take at least so many more orders today; those without a limit always do."""

    orders: int = 1
    filter: Literal["capacity_left"] = "capacity_left"

    def admits(self, place: Place, demand: Demand) -> bool:
        return demand.orders_left(place) >= self.orders

    def refusal(self, place: Place, demand: Demand) -> str:
        used, limit = demand.used.get(place.location_id, 0), place.capacity.orders_per_day
        return f"has taken {used} of {limit} orders today"


@dataclass(frozen=True, slots=True)
class KeepBackFilter:
    """So many units of every item stay at the place. Inventory sees to it, under the lock of its shelves."""

    units: int
    filter: Literal["keep_back"] = "keep_back"

    def admits(self, place: Place, demand: Demand) -> bool:
        return True

    def refusal(self, place: Place, demand: Demand) -> str:
        return f"keeps {self.units} of every item"


Filter = KindFilter | GroupFilter | WithinFilter | CapacityLeftFilter | KeepBackFilter


Key = Callable[[Place], float]
"""Of two places the one with the lower value comes first."""


@dataclass(frozen=True, slots=True)
class KindRanking:
    """In the order of these kinds; others after them."""

    order: Sequence[Kind]
    rank: Literal["kind"] = "kind"

    def key(self, demand: Demand) -> Key:
        last = len(self.order)
        numbers = {kind: number for number, kind in enumerate(self.order)}
        return lambda place: numbers.get(place.kind, last)


@dataclass(frozen=True, slots=True)
class GroupRanking:
    """In the order of these groups, each place by the first that it is in; others after them."""

    order: Sequence[str]
    rank: Literal["group"] = "group"

    def key(self, demand: Demand) -> Key:
        last = len(self.order)
        return lambda place: next((n for n, group in enumerate(self.order) if group in place.groups), last)


@dataclass(frozen=True, slots=True)
class DistanceRanking:
    """The nearest first; with a step, places in the same ring of so many kilometres are equally near."""

    step_km: float | None = None
    rank: Literal["distance"] = "distance"

    def key(self, demand: Demand) -> Key:
        target, step = demand.target, self.step_km
        if step is None:
            return lambda place: chord(place.vector, target)
        return lambda place: _ring(kilometres(chord(place.vector, target)), step)


def _ring(km: float, step_km: float) -> float:
    return km if km == inf else km // step_km


@dataclass(frozen=True, slots=True)
class DeepestStockRanking:
    """The place with the most of the wanted lines first. Inventory ranks by it, under the lock of its shelves."""

    rank: Literal["deepest_stock"] = "deepest_stock"

    def key(self, demand: Demand) -> Key:
        return lambda place: 0


@dataclass(frozen=True, slots=True)
class CostRanking:
    """The cheapest parcel first; a place whose cost is not known after them."""

    rank: Literal["cost"] = "cost"

    def key(self, demand: Demand) -> Key:
        return lambda place: inf if place.capacity.cost_per_parcel is None else place.capacity.cost_per_parcel


@dataclass(frozen=True, slots=True)
class CapacityLeftRanking:
    """Those that take the most orders more today first, those without a limit before all."""

    rank: Literal["capacity_left"] = "capacity_left"

    def key(self, demand: Demand) -> Key:
        return lambda place: -demand.orders_left(place)


Ranking = KindRanking | GroupRanking | DistanceRanking | DeepestStockRanking | CostRanking | CapacityLeftRanking
