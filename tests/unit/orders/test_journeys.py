"""Whatever happens to an order, in whatever order and how often, its state, units and timeline explain each other."""

import itertools

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.orders.domain import bags, commands
from services.orders.domain.orders import Bag, Completed, Order, Returned, ReturnedUnits, Shipped, Shortage, Step
from services.orders.domain.promises import grant, reject, withdraw
from services.orders.domain.refusals import Refused
from services.orders.domain.states import Method, State, is_legal, state_of
from tests.unit.orders.made import WHY, pending, shares

UNITS = st.dictionaries(st.sampled_from(["A", "B", "C"]), st.integers(1, 4), min_size=1)
PLACES = ("S1", "W1")


class OrderJourney(RuleBasedStateMachine):
    """Events may come twice and late; commands may be refused, and then have changed nothing."""

    order: Order

    @initialize(method=st.sampled_from(Method), split=st.integers(0, 3))
    def place(self, method: Method, split: int) -> None:
        self.order = pending(method, A=3, B=2)
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
        bags.prepare(self.order, bag, WHY)

    @rule(lines=UNITS)
    def collect(self, lines: dict[str, int]) -> None:
        bags.collect(self.order, lines, WHY)

    @rule(lines=UNITS)
    def run_short(self, lines: dict[str, int]) -> None:
        bags.shorten(self.order, lines, WHY)

    @rule()
    def lapse(self) -> None:
        bags.lapse(self.order, WHY)

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
