"""What a channel may see decides what it gets: never more than its limits leave, and all of that."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from services.inventory.domain.allocation import Request, allocate
from services.inventory.domain.channels import Bounds, Limit, Pool, bounds, caps, with_caps_kept
from services.inventory.domain.levels import Key
from services.inventory.domain.preview import offers

PLACES = ["W1", "S1", "S2", "S3"]
SKUS = ["A", "B"]
KEYS = [(place, sku) for place in PLACES for sku in SKUS]
NOW = datetime(2017, 11, 20, 9, tzinfo=UTC)

stock = st.fixed_dictionaries(dict.fromkeys(KEYS, st.integers(-2, 9)))
bound = st.tuples(
    st.integers(0, 3),
    st.none() | st.sampled_from([Decimal(0), Decimal("0.29"), Decimal("0.5"), Decimal(1)]),
    st.sampled_from([None, "near", "far"]),
)
bounded = st.fixed_dictionaries(dict.fromkeys(KEYS, bound)).map(
    lambda found: {
        (place, sku): Bounds(buffer, share, (pool, sku) if pool else None)
        for (place, sku), (buffer, share, pool) in found.items()
    }
)
left = st.fixed_dictionaries({(pool, sku): st.integers(-1, 9) for pool in ("near", "far") for sku in SKUS})
requests = st.builds(
    Request,
    lines=st.dictionaries(st.sampled_from(SKUS), st.integers(1, 8), min_size=1),
    policy=st.sampled_from(["single_location", "fewest_splits", "in_order"]),
    candidates=st.permutations(PLACES),
    keep_back=st.dictionaries(st.sampled_from(PLACES), st.integers(0, 3)),
    tiers=st.lists(st.integers(1, 3), max_size=3),
    bounds=bounded,
)


def seen(request: Request, available: Mapping[Key, int], key: Key) -> int:
    """What the rules say, in the words of the contract."""
    there = max(0, available[key])
    held = request.bounds[key]
    share = there if held.share is None else int(there * held.share)
    return max(0, min(there - held.buffer, there - request.keep_back.get(key[0], 0), share))


def could_give(
    request: Request, available: Mapping[Key, int], left: Mapping[Pool, int], places: tuple[str, ...], sku: str
) -> int:
    """What the places could give of the item together, each pool within what is left of it."""
    by_pool: Counter[Pool | None] = Counter()
    for place in places:
        by_pool[request.bounds[place, sku].pool] += seen(request, available, (place, sku))
    return sum(units if pool is None else min(units, max(0, left[pool])) for pool, units in by_pool.items())


@given(st.lists(requests, min_size=1, max_size=4), stock, left)
def test_a_channel_is_never_promised_what_its_limits_do_not_show(
    batch: list[Request], available: dict[Key, int], pools: dict[Pool, int]
) -> None:
    for request in batch:
        before, pools_before = dict(available), dict(pools)
        (decision,) = allocate([request], available, pools)
        taken = Counter({(share.location_id, share.sku): share.quantity for share in decision.shares})
        spent: Counter[Pool] = Counter()
        for key, units in taken.items():
            assert 0 < units <= seen(request, before, key)
            pool = request.bounds[key].pool
            if pool is not None:
                spent[pool] += units
        for pool, units in spent.items():
            assert units <= pools_before[pool]
            assert pools[pool] == pools_before[pool] - units
        assert available == {key: before[key] - taken[key] for key in before}


@given(requests, stock, left)
def test_a_limited_request_is_refused_only_where_what_it_sees_cannot_meet_its_policy(
    request_: Request, available: dict[Key, int], pools: dict[Pool, int]
) -> None:
    size = 1 if request_.policy == "single_location" else len(PLACES)
    possible = any(
        all(could_give(request_, available, pools, places, sku) >= units for sku, units in request_.lines.items())
        for places in combinations(PLACES, size)
    )
    (decision,) = allocate([request_], dict(available), dict(pools))
    assert bool(decision.shares) == possible
    if possible:
        promised: Counter[str] = Counter()
        for share in decision.shares:
            promised[share.sku] += share.quantity
        assert promised == Counter(request_.lines)


@given(requests, stock, left)
def test_a_preview_offers_what_the_same_request_for_one_place_would_get(
    request_: Request, available: dict[Key, int], pools: dict[Pool, int]
) -> None:
    for offer in offers(request_, available, pools):
        alone = replace(request_, candidates=[offer.location_id], lines={offer.sku: offer.requested}, tiers=())
        (decision,) = allocate([alone], dict(available), dict(pools))
        assert (offer.could_give == offer.requested) == bool(decision.shares) == (offer.held_back_by is None)
        if decision.shortages:
            assert decision.shortages[0].available == offer.could_give


@given(requests, stock, left)
def test_within_a_tier_the_deepest_place_is_considered_first_and_tiers_keep_their_order(
    request_: Request, available: dict[Key, int], pools: dict[Pool, int]
) -> None:
    considered = list(dict.fromkeys(offer.location_id for offer in offers(request_, available, pools)))
    waiting = list(request_.candidates)

    def depth(place: str) -> int:
        return sum(could_give(request_, available, pools, (place,), sku) for sku in request_.lines)

    for size in request_.tiers:
        tier, waiting = waiting[:size], waiting[size:]
        first, considered = considered[:size], considered[size:]
        assert sorted(first) == sorted(tier)
        assert [depth(place) for place in first] == sorted((depth(place) for place in tier), reverse=True)
    assert considered == waiting


def test_the_most_specific_limit_counts_for_each_kind_by_itself() -> None:
    limits = [
        Limit(buffer=1, share=Decimal("0.5"), cap=100, cap_id="all"),
        Limit(location_group="outlets", buffer=2),
        Limit(sku="A", cap=5, cap_id="A"),
        Limit(location_group="tokyo", buffer=9),
        Limit(location_group="outlets", sku="A", buffer=4),
    ]
    groups = {"S1": ["tokyo", "outlets"], "S2": ["outlets"]}
    found = bounds(limits, groups, [("S1", "A"), ("S1", "B"), ("S2", "B"), ("S3", "A")])
    half = Decimal("0.5")
    assert found == {
        ("S1", "A"): Bounds(4, half, ("A", "A")),
        ("S1", "B"): Bounds(2, half, ("all", "B")),
        ("S2", "B"): Bounds(2, half, ("all", "B")),
        ("S3", "A"): Bounds(1, half, ("A", "A")),
    }


def test_a_cap_goes_on_counting_until_it_is_taken_away() -> None:
    before = [Limit(sku="A", cap=5, cap_id="first", cap_since=NOW), Limit(sku="B", buffer=1)]
    later = datetime(2017, 11, 21, tzinfo=UTC)
    raised = with_caps_kept([Limit(sku="A", cap=9), Limit(sku="B", cap=1)], before, later, iter(["second", "third"]))
    assert [(limit.cap_id, limit.cap_since) for limit in raised] == [("first", NOW), ("second", later)]
    without = with_caps_kept([Limit(sku="A", buffer=1)], raised, later, iter(["third"]))
    assert caps(without) == {}
    again = with_caps_kept([Limit(sku="A", cap=5)], without, later, iter(["third"]))
    assert caps(again) == {"third": 5}
