"""Routing policies: which places an order may come from, and in which order they are asked."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.orders.domain.places import Capacity, Place, Point, vector_of
from services.orders.domain.refusals import Refused
from services.orders.domain.routing import Excluded, RoutingPolicy, Rule, exclusions, route
from services.orders.domain.routing_rules import (
    CapacityLeftFilter,
    CapacityLeftRanking,
    CostRanking,
    DeepestStockRanking,
    Demand,
    DistanceRanking,
    Filter,
    GroupFilter,
    GroupRanking,
    KeepBackFilter,
    KindFilter,
    KindRanking,
    Ranking,
    WithinFilter,
)
from services.orders.domain.sourcing import Network
from tests.unit.orders.networks import DEMANDS, PLACES, POLICIES

TOKYO, YOKOHAMA, OSAKA, SAPPORO = (35.68, 139.77), (35.44, 139.64), (34.70, 135.50), (43.06, 141.35)
TO_TOKYO = Demand(vector_of(TOKYO))


def place(name: str, point: Point | None = None, *groups: str, **capacity: int) -> Place:
    """A warehouse where the name begins with W, else a store."""
    return Place(name, name.startswith("W"), point, True, False, frozenset(groups), None, Capacity(**capacity))


GINZA = place("S-ginza", TOKYO, "tokyo", "flagship", orders_per_day=2, cost_per_parcel=900)
OUTLET = place("S-outlet", YOKOHAMA, "outlet", cost_per_parcel=300)
UMEDA = place("S-umeda", OSAKA, "flagship", orders_per_day=10, cost_per_parcel=500)
HIDDEN = place("S-without-coordinates")
NORTH = place("W-north", SAPPORO)
JAPAN = [GINZA, OUTLET, UMEDA, HIDDEN, NORTH]


def taken(*filters: Filter, demand: Demand = TO_TOKYO) -> list[str]:
    ((_, places),) = route(RoutingPolicy([Rule("only", filters)]), JAPAN, demand)
    return [found.location_id for found in places]


def ranked(*rankings: Ranking, demand: Demand = TO_TOKYO) -> list[str]:
    ((_, places),) = route(RoutingPolicy([Rule("all", (), rankings)]), JAPAN, demand)
    return [found.location_id for found in places]


@pytest.mark.parametrize(
    ("wanted", "left"),
    [
        (KindFilter(["warehouse"]), ["W-north"]),
        (GroupFilter(any_of=["tokyo", "outlet"]), ["S-ginza", "S-outlet"]),
        (GroupFilter(any_of=["flagship"], none_of=["tokyo"]), ["S-umeda"]),
        (GroupFilter(none_of=["outlet", "flagship"]), ["S-without-coordinates", "W-north"]),
        (WithinFilter(50), ["S-ginza", "S-outlet"]),
        (KeepBackFilter(3), [found.location_id for found in JAPAN]),
    ],
)
def test_a_filter_lets_in_what_it_names(wanted: Filter, left: list[str]) -> None:
    assert taken(wanted) == left


def test_a_place_that_has_taken_what_it_can_today_is_left_out() -> None:
    today = replace(TO_TOKYO, used={"S-ginza": 2, "S-umeda": 8, "W-north": 1_000})
    assert "S-ginza" not in taken(CapacityLeftFilter(), demand=today)
    assert taken(CapacityLeftFilter(3), demand=today) == ["S-outlet", "S-without-coordinates", "W-north"]


def test_an_order_without_coordinates_is_let_in_at_any_distance() -> None:
    assert taken(WithinFilter(1), demand=Demand()) == [found.location_id for found in JAPAN]


def test_every_filter_of_a_rule_must_let_a_place_in() -> None:
    assert taken(KindFilter(["store"]), WithinFilter(500), GroupFilter(any_of=["flagship"])) == ["S-ginza", "S-umeda"]


@pytest.mark.parametrize(
    ("rankings", "first_to_last"),
    [
        ([DistanceRanking()], ["S-ginza", "S-outlet", "S-umeda", "W-north", "S-without-coordinates"]),
        ([KindRanking(["warehouse"]), DistanceRanking()], ["W-north", "S-ginza", "S-outlet", "S-umeda"]),
        ([GroupRanking(["outlet", "flagship"]), CostRanking()], ["S-outlet", "S-umeda", "S-ginza"]),
        ([CostRanking()], ["S-outlet", "S-umeda", "S-ginza", "S-without-coordinates", "W-north"]),
        ([CapacityLeftRanking()], ["S-outlet", "S-without-coordinates", "W-north", "S-umeda", "S-ginza"]),
        ([DistanceRanking(step_km=100), CostRanking()], ["S-outlet", "S-ginza", "S-umeda"]),
        ([], [found.location_id for found in JAPAN]),
    ],
)
def test_what_is_equal_by_one_ranking_is_ranked_by_the_next(rankings: list[Ranking], first_to_last: list[str]) -> None:
    assert ranked(*rankings)[: len(first_to_last)] == first_to_last


def test_all_places_of_a_rule_come_before_those_of_the_next_and_each_stands_under_the_first_that_takes_it() -> None:
    policy = RoutingPolicy(
        [
            Rule("flagships", [GroupFilter(any_of=["flagship"])], [DistanceRanking()]),
            Rule("near", [WithinFilter(50), KeepBackFilter(2)], [DistanceRanking()]),
            Rule("warehouses", [KindFilter(["warehouse"])]),
        ],
        "as_available",
    )
    network = Network(JAPAN, {"web": policy})
    plan = network.ship_to(TOKYO, network.policy_of("web"), 50, channel="web")
    assert (plan.policy, plan.candidates) == ("in_order", ["S-ginza", "S-umeda", "S-outlet", "W-north"])
    assert (plan.keep_back, plan.tiers) == ({"S-outlet": 2}, [])
    assert network.ship_to(TOKYO, network.policy_of("app"), 50, channel="app").candidates[0] == "W-north"
    assert exclusions(policy, HIDDEN, TO_TOKYO) == [
        Excluded("flagships", "group", "is in no group of flagship"),
        Excluded("near", "within_km", "has no coordinates"),
        Excluded("warehouses", "kind", "is a store"),
    ]


def test_where_stock_decides_what_is_equal_before_it_stands_in_one_tier_and_rules_are_never_mixed() -> None:
    by_stock = [DistanceRanking(step_km=100), DeepestStockRanking(), CostRanking()]
    policy = RoutingPolicy([Rule("stores", [KindFilter(["store"])], by_stock), Rule("the rest")])
    plan = Network(JAPAN, {"web": policy}).ship_to(TOKYO, "fewest_splits", 50, channel="web")
    assert plan.candidates == ["S-outlet", "S-ginza", "S-umeda", "S-without-coordinates", "W-north"]
    assert plan.tiers == [2, 1, 1, 1]
    cut = Network(JAPAN, {"web": policy}).ship_to(TOKYO, "fewest_splits", 1, channel="web")
    assert (cut.candidates, cut.tiers) == (["S-outlet"], [1])


def test_orders_that_are_planned_together_go_past_a_place_that_would_be_full_and_may_still_come_from_there() -> None:
    policy = RoutingPolicy([Rule("with room", [CapacityLeftFilter()], [DistanceRanking()])])
    network = Network([GINZA, UMEDA, NORTH], {"web": policy})
    today = network.with_used({"S-ginza": 1, "S-umeda": 8})
    plans = [today.ship_to(TOKYO, "in_order", 50, channel="web").candidates for _ in range(5)]
    assert plans == [
        ["S-ginza", "S-umeda", "W-north"],
        ["S-umeda", "W-north", "S-ginza"],
        ["S-umeda", "W-north", "S-ginza"],
        ["W-north", "S-ginza", "S-umeda"],
        ["W-north", "S-ginza", "S-umeda"],
    ]
    full = network.with_used({"S-ginza": 2, "S-umeda": 10})
    assert full.ship_to(TOKYO, "in_order", 50, channel="web").candidates == ["W-north"]


def test_a_policy_that_leaves_no_place_is_refused_as_such() -> None:
    policy = RoutingPolicy([Rule("moon", [GroupFilter(any_of=["moon"])])])
    network = Network(JAPAN, {"web": policy})
    with pytest.raises(Refused) as refused:
        network.ship_to(TOKYO, "fewest_splits", 50, channel="web")
    assert (refused.value.code, refused.value.pointer) == ("not_sourceable", None)
    assert network.ship_instead_of("W-north", TOKYO, "fewest_splits", 50, channel="web") is None


def test_units_that_are_sourced_elsewhere_follow_the_same_rules_without_the_places_that_failed() -> None:
    policy = RoutingPolicy([Rule("stores", [KindFilter(["store"]), KeepBackFilter(1)], [DistanceRanking()])])
    network = Network(JAPAN, {"web": policy})
    plan = network.ship_instead_of("S-ginza", TOKYO, "in_order", 50, channel="web", failed={"S-umeda"})
    assert plan is not None
    assert plan.candidates == ["S-outlet", "S-without-coordinates"]
    assert plan.keep_back == {"S-outlet": 1, "S-without-coordinates": 1}


@given(POLICIES, PLACES, DEMANDS, st.integers(1, 12))
def test_whatever_the_policy_each_place_is_a_candidate_once_or_every_rule_says_why_not(
    policy: RoutingPolicy, places: list[Place], demand: Demand, limit: int
) -> None:
    places.sort(key=lambda found: found.location_id)
    routed = route(policy, places, demand)
    admitted = [found.location_id for _, ranked in routed for found in ranked]
    assert len(admitted) == len(set(admitted))
    for found in places:
        faults = exclusions(policy, found, demand)
        assert (len(faults) < len(policy.rules)) == (found.location_id in admitted)
    for rule, ranked_places in routed:
        keys = [[ranking.key(demand)(found) for ranking in rule.rankings] for found in ranked_places]
        assert all(first <= second for first, second in itertools.pairwise(keys))
        tiers = rule.tiers(ranked_places[:limit], demand)
        assert sum(tiers) == len(ranked_places[:limit])
        assert all(size > 0 for size in tiers)
