"""A pickup order that takes other stores: whatever is heard when, one store at most has its bag, with all its units."""

from collections import Counter, deque
from dataclasses import replace
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from services.orders.domain import bags, commands
from services.orders.domain.orders import Bag, Cancelled
from services.orders.domain.reassignments import reject_allocation
from services.orders.domain.repairs import LineShort, Resourced
from services.orders.domain.states import FINAL, Method
from services.pickup.domain.cancellations import Cancellation, acknowledge, take_off
from services.pickup.domain.pickups import Decision, Line, Pickup, Units
from services.pickup.domain.shortages import give_up
from services.pickup.domain.steps import Cancel, Collect, Expire, MakeReady, Pick, Short, Start, Step, take
from tests.unit.orders.chain import ORDERED, Chain
from tests.unit.orders.made import WHY, among
from tests.unit.pickup.bags import CODE, NOW, POLICY, requested

STORES = ("S1", "S2", "S3")
ELSEWHERE = among(*STORES, tries_limit=2)
STEPS = [
    Start(),
    Pick("A", 1),
    Pick("A", 2),
    Short("A", 1, "gone"),
    Short("A", ORDERED, "gone"),
    MakeReady(CODE),
    Collect(CODE),
    Expire(),
    Cancel("flooded"),
]


class BagThatMoves(Chain):
    @initialize(second=st.integers(0, ORDERED), third=st.integers(0, ORDERED))
    def place(self, second: int, third: int) -> None:
        fulfilment = '{"method": "pickup", "location_id": "S1", "alternatives": true}'
        on_hand = {"S1": ORDERED, "S2": second, "S3": third}
        self.begin(Method.PICKUP, on_hand, {"S1": ORDERED}, fulfilment)
        self.pickups = {"S1": requested(A=ORDERED)}
        self.to_pickup: deque[Any] = deque()
        self.from_pickup: deque[Any] = deque()

    def plan_without(self, place: str) -> None:
        """What is collected here is for the counter to find, or to give up."""

    def to_counter(self, happening: Any) -> None:
        if isinstance(happening, Cancelled | LineShort | Resourced):
            self.to_pickup.append(happening)

    @rule(place=st.sampled_from(STORES))
    def a_till_sells(self, place: str) -> None:
        self.sell(place)

    @precondition(lambda self: self.at_risk or self.to_orders or self.to_inventory)
    @rule()
    def something_is_heard(self) -> None:
        self.hear_one()

    @precondition(lambda self: self.to_pickup)
    @rule()
    def the_counters_hear_the_order(self) -> None:
        said = self.to_pickup.popleft()
        if isinstance(said, LineShort):
            self.becomes(said.location_id, give_up(self.pickups[said.location_id], said.lines, said.reason, NOW))
        elif isinstance(said, Resourced):
            self.ask_for_bag(said)
        else:
            cancellation = Cancellation(said.lines, said.complete, said.reason)
            places = list(self.pickups)
            for place, decision in zip(places, take_off(list(self.pickups.values()), cancellation, NOW), strict=True):
                self.becomes(place, decision)

    def ask_for_bag(self, said: Resourced) -> None:
        assert said.fulfilment is not None
        given_up: Counter[str] = Counter()
        for moved in said.moved:
            given_up[moved.sku] += moved.quantity
        before = said.moved[0].from_location_id
        self.pickups[before] = acknowledge(self.pickups[before], dict(given_up))
        (place,) = {moved.to_location_id for moved in said.moved}
        assert place not in self.pickups
        lines = tuple(Line(sku, units) for sku, units in given_up.items())
        self.pickups[place] = replace(requested(A=1), pickup_id=f"p {place}", location_id=place, lines=lines)

    @precondition(lambda self: self.from_pickup)
    @rule()
    def a_counter_is_heard(self) -> None:
        place, fact, is_last = self.from_pickup.popleft()
        units = {unit.sku: unit.quantity for unit in fact.units}
        match fact.kind:
            case "picking" | "ready":
                bags.prepare(self.order, place, Bag.PICKING if fact.kind == "picking" else Bag.READY, WHY)
            case "line_short":
                bags.shorten(self.order, place, units, is_last, WHY, ELSEWHERE)
            case "cancelled" | "expired":
                bags.lapse(self.order, place, WHY, ELSEWHERE)
            case "collected":
                bags.collect(self.order, place, units, WHY)
                self.hand_over(place, units.get("A", 0))
        self.say()

    @precondition(lambda self: self.order.reservation_id is not None)
    @rule(step=st.sampled_from(STEPS), place=st.sampled_from(STORES))
    def somebody_works_at_a_counter(self, step: Step, place: str) -> None:
        if place in self.pickups:
            self.becomes(place, take(self.pickups[place], step, NOW, POLICY))

    @precondition(lambda self: self.order.reservation_id is not None)
    @rule(place=st.sampled_from(STORES))
    def a_store_rejects(self, place: str) -> None:
        self.attempt(lambda: reject_allocation(self.order, place, None, "too busy", ELSEWHERE))

    @rule(units=st.integers(1, 2))
    def the_customer_cancels(self, units: int) -> None:
        self.attempt(lambda: commands.cancel(self.order, {"A": units}, "changed my mind"))

    def becomes(self, place: str, decision: Decision) -> None:
        self.pickups[place] = decision.pickup
        self.from_pickup.extend((place, fact, not decision.pickup.is_open) for fact in decision.facts)

    def hear_everything(self) -> None:
        super().hear_everything()
        while self.to_pickup or self.from_pickup:
            if self.from_pickup:
                self.a_counter_is_heard()
            else:
                self.the_counters_hear_the_order()
            super().hear_everything()

    def teardown(self) -> None:
        super().teardown()
        if hasattr(self, "order"):
            self.the_bag_is_where_the_units_are()

    def the_bag_is_where_the_units_are(self) -> None:
        open_bags: list[Pickup] = [pickup for pickup in self.pickups.values() if pickup.is_open]
        if self.order.open_units:
            (bag,) = open_bags
            assert f'"location_id": "{bag.location_id}"' in self.order.fulfilment
            assert bag.wanted == (Units("A", self.order.open_units),)
            assert [share.location_id for share in self.order.shares if share.open] == [bag.location_id]
        else:
            assert self.order.state in FINAL
            assert open_bags == []
        assert len(self.pickups) <= 1 + ELSEWHERE.tries_limit


BagThatMoves.TestCase.settings = settings(max_examples=400, stateful_step_count=40, deadline=None)
TestBagThatMoves = BagThatMoves.TestCase
