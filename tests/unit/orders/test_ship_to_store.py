"""An order whose goods are sent to its store: whatever is heard when, its bag, its promises and the stock agree."""

from collections import deque
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from services.inventory.domain.transfers import arrive, depart
from services.orders.domain import bags, commands, travels
from services.orders.domain.orders import Bag, Cancelled
from services.orders.domain.reassignments import reject_allocation
from services.orders.domain.repairs import LineShort, Moved, Resourced
from services.orders.domain.sourcing import Plan
from services.orders.domain.states import FINAL, Method
from services.pickup.domain import arrivals
from services.pickup.domain.arrivals import Journey, expect, reroute
from services.pickup.domain.cancellations import Cancellation, take_off
from services.pickup.domain.pickups import Decision, Units
from services.pickup.domain.shortages import give_up
from services.pickup.domain.steps import Cancel, Collect, Expire, MakeReady, Pick, Short, Start, Step, take
from tests.unit.orders.chain import ORDERED, Chain
from tests.unit.orders.made import WHY, among
from tests.unit.pickup.bags import CODE, NOW, POLICY, requested

STORE = "S1"
PLACES = ("A1", "S1", "W1", "W2")
"""One before the store and two behind it, by their ids."""
ELSEWHERE = among(*PLACES, tries_limit=3)
STEPS = [
    Start(),
    Pick("A", 1),
    Pick("A", 2),
    Short("A", 1, "gone"),
    Short("A", 2, "gone"),
    MakeReady(CODE),
    Collect(CODE),
    Expire(),
    Cancel("flooded"),
]


class BagThatIsSentUnits(Chain):
    @initialize(
        here=st.integers(0, ORDERED),
        nearest=st.integers(0, ORDERED),
        others=st.lists(st.integers(0, ORDERED), min_size=3, max_size=3),
    )
    def place(self, here: int, nearest: int, others: list[int]) -> None:
        nearest = min(nearest, ORDERED - here)
        promised = {STORE: here, "A1": nearest, "W1": ORDERED - here - nearest}
        more = dict(zip(("A1", "W1", "W2"), others, strict=True))
        on_hand = {place: promised.get(place, 0) + more.get(place, 0) for place in PLACES}
        fulfilment = f'{{"method": "pickup", "location_id": "{STORE}", "ship_to_store": true}}'
        self.begin(Method.PICKUP, on_hand, {place: units for place, units in promised.items() if units}, fulfilment)
        numbers = count()
        self.journey = Journey(lambda: f"t{next(numbers)}", timedelta(hours=24))
        bag = replace(requested(A=ORDERED), location_id=STORE, ship_to_store=True)
        coming = {(place, "A"): units for place, units in promised.items() if units and place != STORE}
        self.bag = expect(bag, coming, NOW, self.journey)
        self.to_pickup: deque[Any] = deque()
        self.from_pickup: deque[Any] = deque()
        self.from_pickup_to_inventory: deque[Any] = deque()

    def plan_without(self, place: str) -> Plan | None:
        return ELSEWHERE.plan(self.order, place, self.order.failed.get("A", ()))

    def to_counter(self, happening: Any) -> None:
        if isinstance(happening, Cancelled | LineShort | Resourced):
            self.to_pickup.append(happening)

    @rule(place=st.sampled_from(PLACES))
    def a_till_sells(self, place: str) -> None:
        self.sell(place)

    @precondition(lambda self: self.at_risk)
    @rule()
    def the_order_hears_of_a_risk(self) -> None:
        self.hear_of_risk()

    @precondition(lambda self: self.to_inventory)
    @rule()
    def inventory_hears_the_order(self) -> None:
        said = self.to_inventory[0]
        if not isinstance(said, Cancelled):
            self.inventory_hears()
            return
        self.to_inventory.popleft()
        released = self.inventory.release(said, anywhere=bool(said.lines))
        if released and not said.complete:
            self.to_orders.append(tuple(released))

    @precondition(lambda self: self.to_orders)
    @rule()
    def the_order_hears_inventory(self) -> None:
        if isinstance(self.to_orders[0], list):
            travels.follow(self.order, self.to_orders.popleft(), WHY)
            self.say()
        elif isinstance(self.to_orders[0], tuple):
            travels.take_back(self.order, self.to_orders.popleft(), WHY)
            self.say()
        else:
            self.hear_inventory()

    @precondition(lambda self: self.to_pickup)
    @rule()
    def the_counter_hears_the_order(self) -> None:
        said = self.to_pickup.popleft()
        if isinstance(said, LineShort):
            self.becomes(give_up(self.bag, said.lines, said.reason, NOW))
        elif isinstance(said, Resourced):
            assert said.fulfilment is not None
            moved = [arrivals.Moved(m.sku, m.from_location_id, m.to_location_id, m.quantity) for m in said.moved]
            self.becomes(Decision(reroute(self.bag, moved, NOW, self.journey)))
        else:
            places: dict[tuple[str, str], int] = {}
            for sku, place, units in () if said.missed else said.released:
                places[place, sku] = places.get((place, sku), 0) + units
            (decision,) = take_off([self.bag], Cancellation(said.lines, said.complete, said.reason, places), NOW)
            self.becomes(decision)

    @precondition(lambda self: self.from_pickup)
    @rule()
    def the_counter_is_heard(self) -> None:
        fact, is_last = self.from_pickup.popleft()
        units = {unit.sku: unit.quantity for unit in fact.units}
        match fact.kind:
            case "picking" | "ready":
                bags.prepare(self.order, STORE, Bag.PICKING if fact.kind == "picking" else Bag.READY, WHY)
            case "line_short":
                bags.shorten(self.order, STORE, units, is_last, WHY, ELSEWHERE)
            case "cancelled" | "expired":
                bags.lapse(self.order, STORE, WHY, ELSEWHERE)
            case "collected":
                bags.collect(self.order, STORE, units, WHY)
        self.say()

    @precondition(lambda self: self.from_pickup_to_inventory)
    @rule()
    def inventory_hears_the_counter(self) -> None:
        name, place, units = self.from_pickup_to_inventory.popleft()
        if name == "collected":
            self.hand_over(STORE, units)
            return
        before = {known: self.inventory.shortfall(known) for known in (place, STORE)}
        if name == "send":
            self.inventory.on_hand[place] -= units
            gone = depart(self.inventory.lines, place, STORE, {"A": units})
            if gone:
                self.to_orders.append([Moved("A", place, STORE, departure.quantity) for departure in gone])
        else:
            self.inventory.on_hand[STORE] += units
            arrive(self.inventory.lines, STORE, {"A": units})
        for known, shortfall in before.items():
            self.announce_shortfall(known, shortfall)

    @precondition(lambda self: self.order.reservation_id is not None)
    @rule(step=st.sampled_from(STEPS))
    def somebody_works_at_the_counter(self, step: Step) -> None:
        self.becomes(take(self.bag, step, NOW, POLICY))

    @precondition(lambda self: self.order.reservation_id is not None and self.bag.transfers)
    @rule(which=st.integers(0, 5), name=st.sampled_from(["send", "receive"]))
    def a_transfer_moves(self, which: int, name: Any) -> None:
        transfer = self.bag.transfers[which % len(self.bag.transfers)]
        before, self.bag = self.bag, arrivals.step(self.bag, transfer.transfer_id, name, NOW).pickup
        if self.bag != before:
            units = self.bag.transfer(transfer.transfer_id).sent["A"]
            self.from_pickup_to_inventory.append((name, transfer.from_location_id, units))

    @precondition(lambda self: self.order.reservation_id is not None)
    @rule(place=st.sampled_from(PLACES), units=st.none() | st.integers(1, 2))
    def a_place_rejects(self, place: str, units: int | None) -> None:
        wanted = None if units is None else {"A": units}
        self.attempt(lambda: reject_allocation(self.order, place, wanted, "too busy", ELSEWHERE))

    @rule(units=st.integers(1, 2))
    def the_customer_cancels(self, units: int) -> None:
        self.attempt(lambda: commands.cancel(self.order, {"A": units}, "changed my mind"))

    def becomes(self, decision: Decision) -> None:
        self.bag = decision.pickup
        for fact in decision.facts:
            self.from_pickup.append((fact, not decision.pickup.is_open))
            if fact.kind == "collected":
                self.from_pickup_to_inventory.append(("collected", STORE, sum(unit.quantity for unit in fact.units)))
        assert all(line.unpicked >= 0 for line in self.bag.lines)

    def hear_everything(self) -> None:
        while True:
            if self.to_orders:
                self.the_order_hears_inventory()
            elif self.to_inventory:
                self.inventory_hears_the_order()
            elif self.from_pickup_to_inventory:
                self.inventory_hears_the_counter()
            elif self.at_risk:
                self.hear_of_risk()
            elif self.from_pickup:
                self.the_counter_is_heard()
            elif self.to_pickup:
                self.the_counter_hears_the_order()
            else:
                return

    def teardown(self) -> None:
        if not hasattr(self, "order"):
            return
        self.hear_everything()
        self.what_still_travels_arrives()
        super().teardown()
        self.the_bag_is_what_is_ordered()

    def what_still_travels_arrives(self) -> None:
        for transfer in self.bag.transfers:
            if transfer.state == "sent":
                self.bag = arrivals.step(self.bag, transfer.transfer_id, "receive", NOW).pickup
                self.from_pickup_to_inventory.append(("receive", transfer.from_location_id, transfer.sent["A"]))
        self.hear_everything()

    def the_bag_is_what_is_ordered(self) -> None:
        assert all(line.in_transit == 0 for line in self.inventory.lines)
        assert not self.bag.awaits_answer
        if self.bag.is_open:
            assert self.bag.wanted == (Units("A", self.order.open_units),)
        else:
            assert self.order.state in FINAL
            assert all(not transfer.is_under_way for transfer in self.bag.transfers)


def test_what_the_store_misses_while_its_order_believes_it_elsewhere_is_not_taken_off_what_comes() -> None:
    world = BagThatIsSentUnits()
    world.place(here=1, nearest=0, others=[0, 1, 0])
    world.the_order_hears_inventory()
    for name in ("send", "receive"):
        world.a_transfer_moves(which=0, name=name)
    world.somebody_works_at_the_counter(Start())
    for _ in range(2):
        world.somebody_works_at_the_counter(Short("A", 1, "gone"))
    for _ in range(3):
        world.the_counter_is_heard()
    world.hear_everything()
    assert [transfer.state for transfer in world.bag.transfers] == ["received", "requested"]
    assert world.bag.wanted == (Units("A", world.order.open_units),) == (Units("A", 2),)
    assert not world.bag.awaits_answer


BagThatIsSentUnits.TestCase.settings = settings(max_examples=1000, stateful_step_count=40, deadline=None)
TestBagThatIsSentUnits = BagThatIsSentUnits.TestCase
