from typing import get_args

from services.pickup.domain.states import OPEN, REPEATS, TRANSITIONS, State, StepName, after, is_possible, is_repeat

STATES = get_args(State)


def test_every_step_has_a_row_and_leads_to_a_known_state() -> None:
    assert set(TRANSITIONS) == set(get_args(StepName))
    assert {state for row in TRANSITIONS.values() for state in (*row, *row.values())} <= set(STATES)


def test_no_step_leads_out_of_a_closed_state() -> None:
    assert {state for row in TRANSITIONS.values() for state in row} == OPEN


def test_every_state_but_the_first_is_reached_by_some_step() -> None:
    reached = {state for row in TRANSITIONS.values() for state in row.values()}
    assert reached == set(STATES) - {"requested"}


def test_a_step_is_repeated_exactly_in_the_state_that_it_leads_to() -> None:
    for step, row in TRANSITIONS.items():
        changing = {after(step, state) for state in row if after(step, state) != state}
        assert changing == {state for state in STATES if is_repeat(step, state)}


def test_a_repeat_is_not_possible_as_a_step() -> None:
    assert not any(is_possible(step, state) for step, state in REPEATS.items())
