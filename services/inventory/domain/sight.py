"""What one request may see of the stock: less than is there where its channel is limited or units are kept back."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from services.inventory.domain.channels import UNBOUNDED, Bounds, Pool
from services.inventory.domain.levels import Key

NOTHING: Mapping[Pool, int] = MappingProxyType({})
Spent = defaultdict[Pool, int]
"""Units that were taken of each pool meanwhile."""


class Sight(NamedTuple):
    """Units by place and item, `pools` that some of them count against, and what is left of each pool."""

    units: Mapping[Key, int]
    pools: Mapping[Key, Pool] = MappingProxyType({})
    left: Mapping[Pool, int] = NOTHING

    def at(self, place: str, sku: str, spent: Mapping[Pool, int] = NOTHING) -> int:
        """What the place could give of the item, never below 0, once so much of the pools is `spent`."""
        units = max(0, self.units.get((place, sku), 0))
        pool = self.pools.get((place, sku)) if self.pools else None
        return units if pool is None else min(units, max(0, self.left[pool] - spent.get(pool, 0)))

    def together(self, places: Iterable[str], sku: str) -> int:
        """What the places could give of the item, all of them together."""
        if not self.pools:
            return sum(max(0, self.units.get((place, sku), 0)) for place in places)
        return sum(units for _, units in self.spread(places, sku))

    def spread(self, places: Iterable[str], sku: str, wanted: int | None = None) -> Iterator[tuple[str, int]]:
        """Units from the places in turn until there are `wanted`; without it all that they could give."""
        spent: Spent = defaultdict(int)
        missing = wanted
        for place in places:
            if missing == 0:
                return
            units = self.at(place, sku, spent)
            if missing is not None:
                units = min(missing, units)
                missing -= units
            if units:
                self.spend(spent, place, sku, units)
                yield place, units

    def spend(self, spent: Spent, place: str, sku: str, units: int) -> None:
        """Count units from the place against their pool, where they have one."""
        pool = self.pools.get((place, sku)) if self.pools else None
        if pool is not None:
            spent[pool] += units


def ceilings(stock: int, bounds: Bounds, kept_back: int) -> dict[str, int]:
    """For each reason that holds at a place: the most that could be seen of its stock."""
    found = {}
    if bounds.buffer:
        found["buffer"] = stock - bounds.buffer
    if bounds.share is not None:
        found["share"] = int(stock * bounds.share)
    if kept_back:
        found["kept_back"] = stock - kept_back
    return found


def look(
    keys: Iterable[Key],
    stock: Mapping[Key, int],
    bounds: Mapping[Key, Bounds],
    kept_back: Mapping[str, int],
    left: Mapping[Pool, int],
) -> Sight:
    """What is seen of `stock` at the keys: nowhere more than the lowest ceiling."""
    units: dict[Key, int] = {}
    pools: dict[Key, Pool] = {}
    for key in keys:
        here = bounds.get(key, UNBOUNDED)
        there = max(0, stock.get(key, 0))
        units[key] = min([there, *ceilings(there, here, kept_back.get(key[0], 0)).values()])
        if here.pool is not None:
            pools[key] = here.pool
    return Sight(units, pools, left)
