"""Routing: which places a channel's orders may come from, and in which order they are asked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal, NamedTuple

from services.orders.domain.places import Place
from services.orders.domain.routing_rules import (
    CapacityLeftFilter,
    CapacityLeftRanking,
    DeepestStockRanking,
    Demand,
    DistanceRanking,
    Filter,
    KeepBackFilter,
    KindRanking,
    Ranking,
)

Split = Literal["never", "fewest_parcels", "as_available"]
POLICY_OF_SPLIT = {"never": "single_location", "fewest_parcels": "fewest_splits", "as_available": "in_order"}
"""How inventory calls it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """The places that all filters let in, ranked: by the first ranking, what is equal there by the next, then by id."""

    name: str
    filters: Sequence[Filter] = ()
    rankings: Sequence[Ranking] = ()

    def admits(self, place: Place, demand: Demand) -> bool:
        return all(wanted.admits(place, demand) for wanted in self.filters)

    def ranked(self, places: Iterable[Place], demand: Demand) -> list[Place]:
        """`places` in the order of their ids; the sort is stable, so the last ranking comes first."""
        ranked = list(places)
        for ranking in reversed(self.rankings):
            ranked.sort(key=ranking.key(demand))
        return ranked

    @property
    def keep_back(self) -> int:
        return max((wanted.units for wanted in self.filters if isinstance(wanted, KeepBackFilter)), default=0)

    def tiers(self, ranked: Sequence[Place], demand: Demand) -> list[int]:
        """Into groups of how many the ranked places fall before stock decides; each its own where it does not."""
        by = next((n for n, ranking in enumerate(self.rankings) if isinstance(ranking, DeepestStockRanking)), None)
        if by is None:
            return [1] * len(ranked)
        keys = [ranking.key(demand) for ranking in self.rankings[:by]]
        return [len(list(equal)) for _, equal in groupby(tuple(key(place) for key in keys) for place in ranked)]


@dataclass(frozen=True, slots=True)
class RoutingPolicy:
    """Ordered rules, and how an order may be split. A place stands under the first rule that lets it in."""

    rules: Sequence[Rule]
    split: Split = "fewest_parcels"

    @property
    def looks_at_capacity(self) -> bool:
        return any(
            isinstance(part, CapacityLeftFilter | CapacityLeftRanking)
            for rule in self.rules
            for part in (*rule.filters, *rule.rankings)
        )

    @property
    def looks_at_stock(self) -> bool:
        return any(isinstance(ranking, DeepestStockRanking) for rule in self.rules for ranking in rule.rankings)


DEFAULT_POLICY = RoutingPolicy((Rule("nearest", (), (KindRanking(("warehouse", "store")), DistanceRanking())),))
"""Warehouses, then stores, the nearest to the destination first."""


class Admitted(NamedTuple):
    """The places that stand under a rule, ranked."""

    rule: Rule
    places: Sequence[Place]


class Excluded(NamedTuple):
    """Why a rule does not take a place."""

    rule: str
    filter: str
    reason: str


def route(policy: RoutingPolicy, places: Sequence[Place], demand: Demand) -> list[Admitted]:
    """What each rule takes of the places, which come in the order of their ids."""
    routed = []
    waiting = places
    for rule in policy.rules:
        taken = [place for place in waiting if rule.admits(place, demand)] if rule.filters else waiting
        if len(taken) < len(waiting):
            ids = {place.location_id for place in taken}
            waiting = [place for place in waiting if place.location_id not in ids]
        else:
            waiting = ()
        routed.append(Admitted(rule, rule.ranked(taken, demand)))
    return routed


def exclusions(policy: RoutingPolicy, place: Place, demand: Demand) -> list[Excluded]:
    """The first filter of each rule that does not let the place in."""
    found = []
    for rule in policy.rules:
        fault = next((wanted for wanted in rule.filters if not wanted.admits(place, demand)), None)
        if fault is not None:
            found.append(Excluded(rule.name, fault.filter, fault.refusal(place, demand)))
    return found
