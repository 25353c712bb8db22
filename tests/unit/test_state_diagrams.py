"""The pictures of the state machines in ARCHITECTURE.md are drawn from the code that runs them."""

import pytest

from services.state_diagrams import DIAGRAMS, PAGE, Diagram, Move, drawn, redrawn


def test_the_page_shows_the_states_as_the_code_has_them() -> None:
    page = PAGE.read_text()
    assert redrawn(page) == page, "`make diagrams` draws them anew"


@pytest.mark.parametrize("name", DIAGRAMS)
def test_a_move_that_the_page_does_not_show_is_noticed(name: str) -> None:
    diagram = DIAGRAMS[name]
    moves = [*diagram.moves, Move(diagram.begins[0], "lost")]
    assert drawn(diagram) in PAGE.read_text()
    assert drawn(diagram._replace(moves=moves)) not in PAGE.read_text()


@pytest.mark.parametrize("name", DIAGRAMS)
def test_every_state_can_be_reached_and_left_for_an_end(name: str) -> None:
    begins, moves, ends = DIAGRAMS[name]
    states = {state for move in moves for state in (move.before, move.after)}
    reached = {*begins}
    while more := {move.after for move in moves if move.before in reached} - reached:
        reached |= more
    ended = set(ends)
    while more := {move.before for move in moves if move.after in ended} - ended:
        ended |= more
    assert reached == states == ended


def test_steps_between_the_same_states_share_an_arrow() -> None:
    moves = [Move("open", "open", "pick"), Move("open", "closed", "close"), Move("open", "open", "look")]
    assert drawn(Diagram(["open"], moves, ["closed"])).splitlines() == [
        "stateDiagram-v2",
        "    [*] --> open",
        "    open --> closed: close",
        "    open --> open: look, pick",
        "    closed --> [*]",
    ]


def test_a_page_without_a_place_for_a_diagram_is_refused() -> None:
    with pytest.raises(ValueError, match="states: order"):
        redrawn("# Architecture\n")
