"""Promises move in parts and never come to more than was granted."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.inventory.domain.oversold import OpenPromise, at_risk
from services.inventory.domain.reservations import Line, choose, state_after

lines = st.lists(
    st.tuples(st.sampled_from("AB"), st.sampled_from(["S1", "S2"]), st.integers(1, 5)), unique_by=lambda row: row[:2]
).map(lambda rows: [Line(sku, place, quantity, quantity, 0) for sku, place, quantity in rows])
wanted = st.none() | st.dictionaries(
    st.tuples(st.sampled_from("AB"), st.sampled_from(["S1", "S2", None])), st.integers(1, 6), min_size=1
)


@given(lines, wanted, st.booleans())
def test_a_choice_never_takes_more_than_is_open_or_wanted(rows: list[Line], units: dict | None, at_most: bool) -> None:
    moves = choose(rows, units, at_most=at_most)
    if moves is None:
        assert units is not None
        assert not at_most
        return
    for row in rows:
        assert sum(move.quantity for move in moves if move.line is row) <= row.open
    if units is not None and not at_most:
        assert sum(move.quantity for move in moves) == sum(units.values())


def test_a_reservation_ends_fulfilled_if_any_unit_was_handed_over() -> None:
    given_back = [Line("A", "S1", 2, 0, 1)]
    assert state_after("confirmed", given_back, "released") == "fulfilled"
    assert state_after("confirmed", [Line("A", "S1", 2, 0, 0)], "released") == "released"
    assert state_after("confirmed", [Line("A", "S1", 2, 1, 1)], "released") == "confirmed"


def test_holds_are_at_risk_before_confirmed_promises_and_the_latest_first() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    promises = [
        OpenPromise("1", "r1", "confirmed", now, 1),
        OpenPromise("2", "r2", "held", now, 1),
        OpenPromise("3", "r3", "held", now + timedelta(seconds=1), 1),
        OpenPromise("4", "r4", "confirmed", now + timedelta(seconds=1), 1),
    ]
    assert [promise.reservation_id for promise in at_risk(promises, 3)] == ["3", "2", "4"]
