from hypothesis import given
from hypothesis import strategies as st

from services.inventory.domain.allocation import Request, Share
from services.inventory.domain.reassignment import Refused, reassign

PLACES = ("S2", "S3", "S4")
UNITS = st.dictionaries(st.sampled_from("ABC"), st.integers(1, 4), min_size=1)
POLICIES = st.sampled_from(["single_location", "in_order", "fewest_splits"])


@given(
    wanted=UNITS,
    promised=st.dictionaries(st.sampled_from("ABC"), st.integers(0, 4)),
    policy=POLICIES,
    together=st.booleans(),
    there=st.dictionaries(st.tuples(st.sampled_from(PLACES), st.sampled_from("ABC")), st.integers(-1, 4)),
)
def test_every_unit_that_is_asked_for_is_moved_short_or_kept_and_no_place_gives_more_than_it_has(
    wanted: dict[str, int],
    promised: dict[str, int],
    policy: str,
    together: bool,
    there: dict[tuple[str, str], int],
) -> None:
    available = dict(there)
    decision = reassign(Refused(Request(wanted, policy, PLACES), together), promised, available)
    for sku, units in wanted.items():
        moved = sum(share.quantity for share in decision.shares if share.sku == sku)
        short, kept = decision.short.get(sku, 0), decision.kept.get(sku, 0)
        assert moved + short + kept == units
        assert moved + short == min(units, promised.get(sku, 0))
        if not together and policy != "single_location":
            assert moved == min(moved + short, sum(max(0, there.get((place, sku), 0)) for place in PLACES))
    for key, units in available.items():
        given_away = sum(share.quantity for share in decision.shares if (share.location_id, share.sku) == key)
        assert units == there[key] - given_away >= min(there[key], 0)
    if together:
        assert len({share.location_id for share in decision.shares}) <= 1
        assert not (decision.shares and decision.short)


def test_what_one_place_has_whole_comes_from_there_before_it_is_split() -> None:
    available = {("S2", "A"): 1, ("S3", "A"): 1, ("S3", "B"): 1}
    refused = Refused(Request({"A": 1, "B": 1}, "fewest_splits", ["S2", "S3"]))
    decision = reassign(refused, {"A": 1, "B": 1}, available)
    assert decision.shares == [Share("A", "S3", 1), Share("B", "S3", 1)]


def test_units_that_are_kept_back_stay_where_they_are() -> None:
    refused = Refused(Request({"A": 2}, "fewest_splits", ["S2", "S3"], keep_back={"S2": 2}))
    decision = reassign(refused, {"A": 2}, {("S2", "A"): 2, ("S3", "A"): 1})
    assert (decision.shares, decision.short) == ([Share("A", "S3", 1)], {"A": 1})
