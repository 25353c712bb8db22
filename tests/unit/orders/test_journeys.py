"""Whatever happens to an order, in whatever order and how often, its state, units and timeline explain each other."""

import itertools

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.orders.domain import bags, commands
from services.orders.domain.amendments import amend
from services.orders.domain.orders import Bag, Completed, Order, Shipped, Shortage, Step
from services.orders.domain.promises import grant, reject, withdraw
from services.orders.domain.reassignments import Reassignment, reassign, reject_allocation
from services.orders.domain.refusals import Refused
from services.orders.domain.returns import Returned, ReturnedUnits
from services.orders.domain.states import Method, State, is_legal, state_of
from tests.unit.orders.made import WHY, among, pending, shares

UNITS = st.dictionaries(st.sampled_from(["A", "B", "C"]), st.integers(1, 4), min_size=1)
PLACES = ("S1", "W1")
ELSEWHERE = among("S1", "S2", "S3", "W1", tries_limit=2)


class OrderJourney(RuleBasedStateMachine):
    """Events may come twice and late; commands may be refused, and then have changed nothing."""

    order: Order

    @initialize(method=st.sampled_from(Method), split=st.integers(0, 3), takes_alternatives=st.booleans())
    def place(self, method: Method, split: int, takes_alternatives: bool) -> None:
        fulfilment = '{"destination": {}, "alternatives": true}' if takes_alternatives else '{"destination": {}}'
        self.order = pending(method, fulfilment, A=3, B=2)
        self.split = split if method is Method.SHIP else 0

    @rule()
    def hold(self) -> None:
        promised = [("A", PLACES[0], self.split), ("A", PLACES[1], 3 - self.split), ("B", PLACES[1], 2)]
        grant(self.order, "r", shares(*(share for share in promised if share[2])), WHY)

    @rule()
    def refuse(self) -> None:
        reject(self.order, [Shortage("A", 3, 0)], WHY)

    @rule()
    def lose_the_promise(self) -> None:
        withdraw(self.order, "r", WHY)

    @rule(wanted=st.none() | UNITS)
    def cancel(self, wanted: dict[str, int] | None) -> None:
        self.attempt(lambda: commands.cancel(self.order, wanted, "test"))

    @rule(wanted=UNITS, place=st.sampled_from(PLACES))
    def ship(self, wanted: dict[str, int], place: str) -> None:
        self.attempt(lambda: commands.ship(self.order, Shipped("s", place, wanted, None, None)))

    @rule(wanted=UNITS)
    def bring_back(self, wanted: dict[str, int]) -> None:
        lines = [ReturnedUnits(sku, units, "sellable") for sku, units in wanted.items()]
        self.attempt(lambda: commands.take_back(self.order, Returned("r", "S2", lines, None)))

    @rule(bag=st.sampled_from([Bag.PICKING, Bag.READY]))
    def prepare(self, bag: Bag) -> None:
        bags.prepare(self.order, self.place_of_bag(), bag, WHY)

    @rule(lines=UNITS)
    def collect(self, lines: dict[str, int]) -> None:
        bags.collect(self.order, self.place_of_bag(), lines, WHY)

    @rule(lines=UNITS, is_last=st.booleans())
    def run_short(self, lines: dict[str, int], is_last: bool) -> None:
        bags.shorten(self.order, self.place_of_bag(), lines, is_last, WHY, ELSEWHERE)

    @rule()
    def lapse(self) -> None:
        bags.lapse(self.order, self.place_of_bag(), WHY, ELSEWHERE)

    @rule(wanted=st.none() | UNITS, place=st.sampled_from(PLACES))
    def reject(self, wanted: dict[str, int] | None, place: str) -> None:
        self.attempt(lambda: reject_allocation(self.order, place, wanted, "broken", ELSEWHERE))

    @rule(place=st.sampled_from(PLACES), to=st.sampled_from(["S1", "S2", "S3"]), moved=st.integers(0, 3))
    def inventory_answers(self, place: str, to: str, moved: int) -> None:
        """A bag moves as a whole or not at all, and what is short is all that did not move."""
        there = {share.sku: share.open for share in self.order.shares if share.location_id == place and share.open}
        moves = {
            sku: units if self.order.method is Method.PICKUP else min(units, moved) for sku, units in there.items()
        }
        if to == place or not moved:
            moves = {}
        short = {sku: units - moves.get(sku, 0) for sku, units in there.items() if units > moves.get(sku, 0)}
        moving = [(sku, to, units) for sku, units in moves.items() if units]
        reassign(self.order, Reassignment(place, moving, short, {}), WHY)

    @rule(lines=st.none() | st.dictionaries(st.sampled_from(["A", "B", "C"]), st.integers(0, 4), min_size=1))
    def amend(self, lines: dict[str, int] | None) -> None:
        self.attempt(lambda: amend(self.order, lines, {"country": "JP"} if lines is None else None, "test"))

    def place_of_bag(self) -> str:
        return next((share.location_id for share in self.order.shares if share.open), PLACES[1])

    def attempt(self, step: object) -> None:
        before = self.standing()
        assert callable(step)
        try:
            step()
        except Refused:
            assert self.standing() == before

    def standing(self) -> tuple[object, ...]:
        lines = [(line.cancelled, line.handed_over, line.returned) for line in self.order.lines]
        return (lines, self.order.state, len(self.order.steps), len(self.order.happenings))

    @invariant()
    def the_state_is_what_the_units_say(self) -> None:
        assert self.order.state is state_of(self.order.standing())

    @invariant()
    def the_timeline_explains_the_state(self) -> None:
        timeline = [State.PENDING, *(step.state for step in self.order.steps)]
        assert timeline[-1] is self.order.state
        assert all(is_legal(before, after) for before, after in itertools.pairwise(timeline))

    @invariant()
    def every_unit_is_in_one_place(self) -> None:
        for units in (*self.order.lines, *self.order.shares):
            assert min(units.open, units.cancelled, units.handed_over) >= 0
        for line in self.order.lines:
            assert 0 <= line.returned <= line.handed_over

    @invariant()
    def lines_and_allocations_count_the_same_units(self) -> None:
        if self.order.reservation_id is not None:
            for line in self.order.lines:
                promised = [share for share in self.order.shares if share.sku == line.sku]
                assert sum(share.cancelled for share in promised) == line.cancelled
                assert sum(share.handed_over for share in promised) == line.handed_over
                assert sum(share.quantity for share in promised) == line.quantity

    @invariant()
    def completion_is_told_once(self) -> None:
        told = [happening for happening in self.order.happenings if isinstance(happening, Completed)]
        assert len(told) == (self.order.state is State.COMPLETED)


OrderJourney.TestCase.settings = settings(max_examples=200, stateful_step_count=30, deadline=None)
TestOrderJourney = OrderJourney.TestCase


def test_a_note_leaves_the_state_where_it_is() -> None:
    order = pending()
    order.advance(WHY)
    assert order.steps == [Step(State.PENDING, WHY)]
