"""Allocation grants all or nothing, and never more than there is."""

from collections import Counter
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from services.inventory.domain.allocation import Request, allocate

PLACES = ["W1", "W2", "S1", "S2", "S3"]
SKUS = ["A", "B", "C"]

stock = st.dictionaries(st.tuples(st.sampled_from(PLACES), st.sampled_from(SKUS)), st.integers(-2, 6))
lines = st.dictionaries(st.sampled_from(SKUS), st.integers(1, 8), min_size=1)
requests = st.builds(
    Request,
    lines=lines,
    policy=st.sampled_from(["single_location", "fewest_splits", "in_order"]),
    candidates=st.lists(st.sampled_from(PLACES), min_size=1),
)


@given(st.lists(requests, max_size=8), stock)
def test_a_promise_is_whole_or_nothing_and_never_beyond_what_is_available(batch: list, available: dict) -> None:
    left = dict(available)
    for request, decision in zip(batch, allocate(batch, left), strict=True):
        if decision.shortages:
            assert not decision.shares
            continue
        promised: Counter[str] = Counter()
        taken = Counter((share.location_id, share.sku) for share in decision.shares)
        assert set(taken.values()) == {1}
        for share in decision.shares:
            assert share.quantity > 0
            assert share.location_id in request.candidates
            promised[share.sku] += share.quantity
        assert promised == Counter(request.lines)
    for key, quantity in available.items():
        assert left[key] >= min(quantity, 0)


@given(requests, stock)
def test_a_request_is_refused_only_where_its_policy_cannot_be_met(request_: Request, available: dict) -> None:
    def covers(places: tuple[str, ...]) -> bool:
        return all(
            sum(max(0, available.get((place, sku), 0)) for place in places) >= quantity
            for sku, quantity in request_.lines.items()
        )

    places = set(request_.candidates)
    size = 1 if request_.policy == "single_location" else len(places)
    possible = any(covers(subset) for subset in combinations(places, size))
    decision = allocate([request_], dict(available))[0]
    assert bool(decision.shares) == possible
    assert bool(decision.shortages) != possible


@given(lines, stock, st.permutations(PLACES))
def test_fewest_splits_uses_as_few_places_as_any_combination_could(
    wanted: dict[str, int], available: dict, candidates: list[str]
) -> None:
    decision = allocate([Request(wanted, "fewest_splits", candidates)], dict(available))[0]
    if decision.shortages:
        return
    used = len({share.location_id for share in decision.shares})
    for size in range(1, used):
        for places in combinations(candidates, size):
            assert any(
                sum(max(0, available.get((place, sku), 0)) for place in places) < quantity
                for sku, quantity in wanted.items()
            )


def test_the_nearest_place_wins_where_several_have_all() -> None:
    request = Request({"A": 1}, "single_location", ["S2", "S1"])
    decision = allocate([request], {("S1", "A"): 5, ("S2", "A"): 5})[0]
    assert [share.location_id for share in decision.shares] == ["S2"]


def test_in_order_takes_from_each_candidate_in_turn() -> None:
    request = Request({"A": 3}, "in_order", ["S1", "S2"])
    decision = allocate([request], {("S1", "A"): 2, ("S2", "A"): 5})[0]
    assert [(share.location_id, share.quantity) for share in decision.shares] == [("S1", 2), ("S2", 1)]


def test_the_first_in_the_batch_gets_the_last_unit() -> None:
    request = Request({"A": 1}, "fewest_splits", ["S1"])
    first, second = allocate([request, request], {("S1", "A"): 1})
    assert first.shares
    assert [(short.requested, short.available) for short in second.shortages] == [(1, 0)]
