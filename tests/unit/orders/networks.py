"""Any places and any routing policies, for tests of what must hold for all of them."""

from hypothesis import strategies as st

from services.orders.domain.places import Capacity, Place, vector_of
from services.orders.domain.routing import RoutingPolicy, Rule
from services.orders.domain.routing_rules import (
    CapacityLeftFilter,
    CapacityLeftRanking,
    CostRanking,
    DeepestStockRanking,
    Demand,
    DistanceRanking,
    GroupFilter,
    GroupRanking,
    KeepBackFilter,
    KindFilter,
    KindRanking,
    WithinFilter,
)

POINTS = st.tuples(st.floats(-90, 90), st.floats(-180, 180))
USED = st.dictionaries(st.integers(0, 99).map(str), st.integers(0, 4))
GROUPS = st.sampled_from(["a", "b", "c"])
PLACES = st.lists(
    st.builds(
        Place,
        location_id=st.integers(0, 99).map(str),
        is_warehouse=st.booleans(),
        point=st.none() | POINTS,
        ships=st.booleans(),
        offers_pickup=st.booleans(),
        groups=st.frozensets(GROUPS),
        capacity=st.builds(Capacity, st.none() | st.integers(0, 3), st.none() | st.integers(0, 3)),
    ),
    unique_by=lambda found: found.location_id,
    min_size=1,
    max_size=12,
)
KINDS = st.lists(st.sampled_from(["store", "warehouse"]), min_size=1, max_size=2, unique=True)
FILTERS = st.lists(
    st.builds(KindFilter, KINDS)
    | st.builds(GroupFilter, st.lists(GROUPS, max_size=2), st.lists(GROUPS, max_size=2))
    | st.builds(WithinFilter, st.floats(1, 20_000))
    | st.builds(CapacityLeftFilter, st.integers(1, 3))
    | st.builds(KeepBackFilter, st.integers(1, 3)),
    max_size=3,
)
RANKINGS = st.lists(
    st.builds(KindRanking, KINDS)
    | st.builds(GroupRanking, st.lists(GROUPS, min_size=1, max_size=3))
    | st.builds(DistanceRanking, st.none() | st.floats(1, 10_000))
    | st.builds(DeepestStockRanking)
    | st.builds(CostRanking)
    | st.builds(CapacityLeftRanking),
    max_size=3,
)
POLICIES = st.builds(
    RoutingPolicy, st.lists(st.builds(Rule, st.sampled_from(["x", "y"]), FILTERS, RANKINGS), min_size=1, max_size=4)
)
DEMANDS = st.builds(
    Demand,
    st.none() | POINTS.map(vector_of),
    USED,
)
