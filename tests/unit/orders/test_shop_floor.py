"""An order, inventory and a counter that hear of each other late: when all is heard they agree, and no unit is lost."""

from collections import deque
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from services.orders.domain import bags, commands
from services.orders.domain.orders import Bag, Cancelled, Shipped
from services.orders.domain.reassignments import reject_allocation
from services.orders.domain.repairs import LineShort
from services.orders.domain.states import Method
from services.pickup.domain.cancellations import Cancellation, take_off
from services.pickup.domain.pickups import Decision, Units
from services.pickup.domain.shortages import give_up
from services.pickup.domain.steps import Collect, MakeReady, Pick, Short, Start, Step, take
from tests.unit.orders.chain import ORDERED, Chain
from tests.unit.orders.made import NOWHERE, WHY, among
from tests.unit.pickup.bags import CODE, NOW, POLICY, requested

ELSEWHERE = among("A1", "S1", "S2", "W1")


class ShippedOrder(Chain):
    @initialize()
    def place(self) -> None:
        self.begin(Method.SHIP, {"A1": 1, "S1": 2, "S2": 1, "W1": 2}, {"S1": 2, "S2": 1})

    @rule(place=st.sampled_from(["A1", "S1", "S2", "W1"]))
    def a_till_sells(self, place: str) -> None:
        self.sell(place)

    @rule(place=st.sampled_from(["A1", "S1", "S2", "W1"]))
    def more_comes(self, place: str) -> None:
        self.is_plain = False
        self.inventory.on_hand[place] += 1

    @precondition(lambda self: self.at_risk)
    @rule()
    def the_order_hears_of_a_risk(self) -> None:
        self.hear_of_risk()

    @precondition(lambda self: self.to_inventory)
    @rule()
    def inventory_hears_the_order(self) -> None:
        self.inventory_hears()

    @precondition(lambda self: self.to_orders)
    @rule()
    def the_order_hears_inventory(self) -> None:
        self.hear_inventory()

    @rule(units=st.integers(1, 2))
    def the_customer_cancels(self, units: int) -> None:
        self.attempt(lambda: commands.cancel(self.order, {"A": units}, "changed my mind"))

    @rule(place=st.sampled_from(["S1", "W1"]))
    def a_parcel_leaves(self, place: str) -> None:
        self.attempt(lambda: commands.ship(self.order, Shipped("s", place, {"A": 1}, None, None)))

    @rule(place=st.sampled_from(["A1", "S1", "S2", "W1"]), units=st.integers(1, 2))
    def a_place_rejects(self, place: str, units: int) -> None:
        """Its books may say what they like."""
        self.attempt(lambda: reject_allocation(self.order, place, {"A": units}, "broken", ELSEWHERE))

    def teardown(self) -> None:
        super().teardown()
        if hasattr(self, "order"):
            assert all(self.inventory.shortfall(place) == 0 for place in self.inventory.on_hand)
            if self.is_plain:
                there = sum(max(0, units) for units in self.inventory.on_hand.values())
                assert self.order.open_units == min(ORDERED, there)


class CollectedOrder(Chain):
    @initialize()
    def place(self) -> None:
        self.begin(Method.PICKUP, {"S1": ORDERED}, {"S1": ORDERED})
        self.pickup = requested(A=ORDERED)
        self.to_pickup: deque[Any] = deque()
        self.from_pickup: deque[Any] = deque()

    def to_counter(self, happening: Any) -> None:
        if isinstance(happening, Cancelled | LineShort):
            self.to_pickup.append(happening)

    @rule()
    def a_till_sells(self) -> None:
        self.sell("S1")

    @precondition(lambda self: self.at_risk or self.to_orders or self.to_inventory)
    @rule()
    def something_is_heard(self) -> None:
        self.hear_one()

    @precondition(lambda self: self.at_risk)
    @rule()
    def the_order_hears_of_a_risk(self) -> None:
        self.hear_of_risk()

    @precondition(lambda self: self.to_pickup)
    @rule()
    def the_counter_hears_the_order(self) -> None:
        said = self.to_pickup.popleft()
        if isinstance(said, LineShort):
            self.becomes(give_up(self.pickup, said.lines, said.reason, NOW))
        else:
            (decision,) = take_off([self.pickup], Cancellation(said.lines, said.complete, said.reason), NOW)
            self.becomes(decision)

    @precondition(lambda self: self.from_pickup)
    @rule()
    def the_counter_is_heard(self) -> None:
        fact = self.from_pickup.popleft()
        units = {unit.sku: unit.quantity for unit in fact.units}
        match fact.kind:
            case "picking" | "ready":
                bags.prepare(self.order, "S1", Bag.PICKING if fact.kind == "picking" else Bag.READY, WHY)
            case "line_short":
                bags.shorten(self.order, "S1", units, False, WHY, NOWHERE)
            case "cancelled":
                bags.lapse(self.order, "S1", WHY, NOWHERE)
            case "collected":
                bags.collect(self.order, "S1", units, WHY)
                self.hand_over("S1", units.get("A", 0))
        self.say()

    @precondition(lambda self: self.order.reservation_id is not None)
    @rule(step=st.sampled_from([Start(), Pick("A", 1), Short("A", 1, "gone"), MakeReady(CODE), Collect(CODE)]))
    def somebody_works_at_the_counter(self, step: Step) -> None:
        self.is_plain = False
        self.becomes(take(self.pickup, step, NOW, POLICY))

    @rule(units=st.integers(1, 2))
    def the_customer_cancels(self, units: int) -> None:
        self.attempt(lambda: commands.cancel(self.order, {"A": units}, "changed my mind"))

    def becomes(self, decision: Decision) -> None:
        self.pickup = decision.pickup
        self.from_pickup.extend(decision.facts)

    def hear_everything(self) -> None:
        super().hear_everything()
        while self.to_pickup or self.from_pickup:
            if self.from_pickup:
                self.the_counter_is_heard()
            else:
                self.the_counter_hears_the_order()
            super().hear_everything()

    def teardown(self) -> None:
        super().teardown()
        if hasattr(self, "order"):
            if self.pickup.is_open:
                assert self.pickup.wanted == (Units("A", self.order.open_units),)
            if self.is_plain:
                assert self.order.open_units == max(0, self.inventory.on_hand["S1"])


for machine in (ShippedOrder, CollectedOrder):
    machine.TestCase.settings = settings(max_examples=300, stateful_step_count=30, deadline=None)
TestShippedOrder = ShippedOrder.TestCase
TestCollectedOrder = CollectedOrder.TestCase


def test_a_risk_is_not_lost_where_the_order_hears_of_it_before_it_hears_that_it_is_promised_there() -> None:
    chain = ShippedOrder()
    chain.place()
    chain.the_order_hears_inventory()
    chain.inventory_hears_the_order()
    chain.a_till_sells(place="S1")
    chain.the_order_hears_of_a_risk()
    chain.inventory_hears_the_order()  # which moves the unit to A1
    chain.a_till_sells(place="A1")
    chain.the_order_hears_of_a_risk()
    chain.teardown()
