"""Any journey of a pickup, drawn at random, keeps to the rules."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from services.pickup.domain.cancellations import Cancellation, take_off
from services.pickup.domain.pickups import Decision, Fact, Pickup
from services.pickup.domain.states import TRANSITIONS
from services.pickup.domain.steps import Cancel, Collect, Expire, MakeReady, Pick, PlaceBag, Short, Start, Step, take
from tests.unit.pickup.bags import CODE, NOW, POLICY, WRONG, requested

skus = st.sampled_from(["A", "B", "C"])
units = st.integers(1, 4)
steps = st.one_of(
    st.just(Start()),
    st.builds(Pick, skus, units),
    st.builds(Short, skus, units, st.just("gone")),
    st.just(MakeReady(CODE)),
    st.just(PlaceBag("shelf B4")),
    st.builds(Collect, st.sampled_from([CODE, WRONG])),
    st.just(Expire()),
    st.just(Cancel("no")),
)
cancellations = st.builds(
    Cancellation, st.dictionaries(skus, units, min_size=1), st.booleans(), st.just("changed my mind")
)
orders = st.dictionaries(st.sampled_from(["A", "B"]), units, min_size=1)
# Journeys that go far are rare by chance, so some begin with all that a good one needs.
journeys = st.one_of(
    st.lists(st.one_of(steps, cancellations), max_size=30),
    st.lists(st.one_of(steps, cancellations), max_size=8).map(lambda drawn: [Start(), *drawn]),
)
LEADING_ON = {(before, after) for row in TRANSITIONS.values() for before, after in row.items()}


def decide(pickup: Pickup, member: Step | Cancellation, minute: int) -> Decision:
    now = NOW + timedelta(minutes=minute)
    if isinstance(member, Cancellation):
        return take_off([pickup], member, now)[0]
    if isinstance(member, MakeReady):
        for left in pickup.unpicked if pickup.state == "picking" else ():
            pickup = take(pickup, Pick(*left), now, POLICY).pickup
    return take(pickup, member, now, POLICY)


@settings(deadline=None)
@given(orders, journeys)
def test_no_journey_reaches_an_impossible_state(order: dict[str, int], journey: list[Step | Cancellation]) -> None:
    pickup = requested(**order)
    for minute, member in enumerate(journey):
        before, pickup = pickup, decide(pickup, member, minute).pickup
        path = (before.state, pickup.state)
        assert path[0] == path[1] or path in LEADING_ON
        assert all(line.picked >= 0 and line.unpicked >= 0 and line.wanted >= 0 for line in pickup.lines)
        assert not pickup.is_open or pickup.wanted
        assert (pickup.closed_at is None) == pickup.is_open
        if pickup.state in ("ready", "collected"):
            assert pickup.code == CODE
            assert not pickup.unpicked
            assert pickup.wanted


@settings(deadline=None)
@given(orders, journeys)
def test_no_journey_hands_over_more_than_was_wanted_or_loses_a_unit(
    order: dict[str, int], journey: list[Step | Cancellation]
) -> None:
    pickup = requested(**order)
    facts: list[Fact] = []
    for minute, member in enumerate(journey):
        decision = decide(pickup, member, minute)
        pickup = decision.pickup
        facts += decision.facts
    ended = [fact for fact in facts if fact.kind in ("collected", "expired", "cancelled")]
    assert len(ended) == (not pickup.is_open)
    for line in pickup.lines:
        told = sum(quantity for fact in ended for sku, quantity in fact.units if sku == line.sku)
        short = sum(
            quantity for fact in facts if fact.kind == "line_short" for sku, quantity in fact.units if sku == line.sku
        )
        assert short == line.short
        assert pickup.is_open or told + line.short + line.cancelled == line.quantity == order[line.sku]
