from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.orders.domain.states import FINAL, LEGAL, Method, Standing, State, is_legal, line_state, path, state_of

STANDINGS = st.builds(
    Standing,
    method=st.sampled_from(Method),
    is_granted=st.booleans(),
    is_rejected=st.booleans(),
    bag_is_ready=st.booleans(),
    open_units=st.integers(0, 5),
    handed_over=st.integers(0, 5),
    awaits_goods=st.booleans(),
)


def standing(
    method: Method = Method.SHIP,
    *,
    granted: bool = False,
    rejected: bool = False,
    ready: bool = False,
    open_units: int = 1,
    handed_over: int = 0,
    waits: bool = False,
) -> Standing:
    return Standing(method, granted, rejected, ready, open_units, handed_over, waits)


@pytest.mark.parametrize(
    ("given_so", "state"),
    [
        (standing(), State.PENDING),
        (standing(rejected=True), State.REJECTED),
        (standing(granted=True, waits=True), State.BACKORDERED),
        (standing(granted=True, open_units=0, waits=True), State.CANCELLED),
        (standing(granted=True), State.CONFIRMED),
        (standing(Method.PICKUP, granted=True, ready=True), State.READY_FOR_PICKUP),
        (standing(granted=True, handed_over=1), State.PARTIALLY_SHIPPED),
        (standing(Method.PICKUP, granted=True, ready=True, handed_over=1), State.PARTIALLY_COLLECTED),
        (standing(granted=True, open_units=0, handed_over=1), State.COMPLETED),
        (standing(granted=True, open_units=0), State.CANCELLED),
        (standing(open_units=0), State.CANCELLED),
    ],
)
def test_the_state_follows_from_what_happened_to_the_units(given_so: Standing, state: State) -> None:
    assert state_of(given_so) is state


@given(STANDINGS)
def test_every_standing_has_a_state_in_which_an_order_may_stay(given_so: Standing) -> None:
    assert state_of(given_so) not in {State.SHIPPED, State.COLLECTED}


@given(STANDINGS)
def test_an_order_is_final_exactly_when_nothing_is_open_or_it_was_rejected(given_so: Standing) -> None:
    assert (state_of(given_so) in FINAL) == (given_so.open_units == 0 or given_so.is_rejected)


@given(st.sampled_from(State), st.sampled_from(Method))
def test_staying_is_no_step(state: State, method: Method) -> None:
    assert path(state, state, method) == []
    assert is_legal(state, state)


@pytest.mark.parametrize("method", Method)
@pytest.mark.parametrize("before", [State.CONFIRMED, State.CANCELLED])
def test_completion_passes_through_the_handing_over(method: Method, before: State) -> None:
    steps = path(before, State.COMPLETED, method)
    assert steps == [State.SHIPPED if method is Method.SHIP else State.COLLECTED, State.COMPLETED]
    if method is Method.PICKUP or before is State.CONFIRMED:
        assert all(is_legal(*pair) for pair in pairwise([before, *steps]))


def test_a_timeline_begins_pending_and_nothing_follows_an_end() -> None:
    assert is_legal(None, State.PENDING)
    assert not is_legal(None, State.CONFIRMED)
    assert not LEGAL[State.COMPLETED]
    assert not LEGAL[State.REJECTED]
    assert not is_legal(State.CONFIRMED, State.PENDING)


@given(st.sampled_from(Method), st.booleans(), st.integers(0, 3), st.integers(0, 3), st.integers(0, 3))
def test_a_line_is_in_the_state_of_an_order_that_has_it_alone(
    method: Method, ready: bool, open_units: int, cancelled: int, handed_over: int
) -> None:
    quantity = open_units + cancelled + handed_over
    if not quantity:
        return
    alone = state_of(standing(method, granted=True, ready=ready, open_units=open_units, handed_over=handed_over))
    ends = {Method.SHIP: State.SHIPPED, Method.PICKUP: State.COLLECTED}
    expected = ends[method] if alone is State.COMPLETED else alone
    assert line_state(alone, method, quantity, cancelled, handed_over) is expected


def test_a_line_that_waits_while_others_have_left_is_confirmed() -> None:
    assert line_state(State.PARTIALLY_SHIPPED, Method.SHIP, 2, 0, 0) is State.CONFIRMED
    assert line_state(State.PENDING, Method.SHIP, 2, 0, 0) is State.PENDING
    assert line_state(State.REJECTED, Method.PICKUP, 2, 1, 0) is State.REJECTED
