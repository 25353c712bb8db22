"""Promised units that a shelf has lost come from elsewhere, as many as can be had and never more than are available."""

from hypothesis import given
from hypothesis import strategies as st

from services.inventory.domain.allocation import Share
from services.inventory.domain.reallocation import Wish, reallocate

PLACES = ["W1", "S1", "S2"]
POLICIES = ["single_location", "fewest_splits", "in_order"]

stock = st.dictionaries(st.tuples(st.sampled_from(PLACES), st.just("A")), st.integers(-2, 4))
wishes = st.builds(
    Wish,
    sku=st.just("A"),
    quantity=st.integers(1, 6),
    policy=st.sampled_from(POLICIES),
    candidates=st.lists(st.sampled_from(PLACES)),
)


@given(wishes, st.integers(0, 6), st.integers(0, 6), stock)
def test_every_unit_is_moved_or_short_or_kept_and_none_twice(
    wish: Wish, promised: int, shortfall: int, available: dict[tuple[str, str], int]
) -> None:
    left = dict(available)
    decision = reallocate(wish, promised, shortfall, left)
    moved = sum(share.quantity for share in decision.shares)
    assert moved + decision.short == min(wish.quantity, promised, shortfall)
    assert moved + decision.short + decision.kept == wish.quantity
    for share in decision.shares:
        assert share.location_id in wish.candidates
        assert left[(share.location_id, "A")] == available[(share.location_id, "A")] - share.quantity >= 0


@given(wishes, st.integers(0, 6), stock)
def test_units_are_short_only_where_the_policy_allows_no_more(
    wish: Wish, lacking: int, available: dict[tuple[str, str], int]
) -> None:
    decision = reallocate(wish, lacking, lacking, dict(available))
    there = [max(0, available.get((place, "A"), 0)) for place in set(wish.candidates)]
    if wish.policy == "single_location":
        assert len(decision.shares) <= 1
    could = max(there, default=0) if wish.policy == "single_location" else sum(there)
    assert decision.short == max(0, min(wish.quantity, lacking) - could)


def test_the_next_candidate_comes_first() -> None:
    available = {("S1", "A"): 1, ("W1", "A"): 1}
    decision = reallocate(Wish("A", 1, "fewest_splits", ["S1", "W1"]), 1, 1, available)
    assert decision.shares == [Share("A", "S1", 1)]
