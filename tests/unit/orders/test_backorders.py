"""An order that waits and inventory, which hear of each other late: when all is heard they agree, unit for unit."""

from collections import Counter, deque
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from services.inventory.domain.backorders import Owed, renounce
from services.inventory.domain.reservations import Line, choose
from services.orders.domain import commands
from services.orders.domain.awaited import Awaited
from services.orders.domain.backorders import wait
from services.orders.domain.orders import Cancelled
from services.orders.domain.promises import grant
from services.orders.domain.refusals import Refused
from services.orders.domain.states import Method, State, is_legal, state_of
from tests.unit.orders.made import WHY, pending, shares

NOW = datetime(2017, 11, 20, 9, tzinfo=UTC)
PLACES = ("S1", "W1", "W2")
SHARES = st.lists(st.tuples(st.sampled_from("AB"), st.sampled_from(PLACES), st.integers(1, 2)), min_size=1, max_size=5)
Said = tuple[str, list[Any]]


class Promise:
    """The order's reservation, as inventory has it."""

    def __init__(self, held: dict[tuple[str, str], int], owed: dict[tuple[str, str], int]) -> None:
        self.lines = [Line(sku, place, units, units, 0) for (sku, place), units in sorted(held.items())]
        self.owed = [
            Owed(sku, place, units, units, units, NOW, NOW + timedelta(days=number))
            for number, ((sku, place), units) in enumerate(sorted(owed.items()))
        ]

    def said(self) -> Said:
        """What is announced of it now: it waits, or all is held."""
        awaited = [Awaited(line.sku, line.location_id, line.open, line.promised_by) for line in self.owed if line.open]
        held = [(line.sku, line.location_id, line.open) for line in self.lines if line.open]
        return ("waits", awaited) if awaited else ("held", held)

    def serve(self, units: int) -> bool:
        """Goods arrive for the first line that waits for some."""
        line = next((line for line in self.owed if line.open), None)
        if line is None:
            return False
        served = min(line.open, units)
        line.open -= served
        held = next((found for found in self.lines if found.key == line.key), None)
        if held is None:
            held = Line(line.sku, line.location_id, 0, 0, 0)
            self.lines = sorted([*self.lines, held], key=lambda found: (found.sku, found.location_id))
        held.quantity += served
        held.open += served
        return True

    def release(self, cancelled: Cancelled) -> bool:
        """Whether less is awaited than before."""
        wanted: Any = None
        if not cancelled.complete:
            named = {(sku, place): units for sku, place, units in cancelled.released}
            wanted = named or {(sku, None): units for sku, units in cancelled.lines.items()}
        renounced, rest = renounce(self.owed, wanted)
        for owed, units in renounced:
            owed.open -= units
        for move in choose(self.lines, rest, at_most=True) or []:
            move.line.open -= move.quantity
        return bool(renounced)

    def open(self) -> Counter[tuple[str, str]]:
        return Counter({(line.sku, line.location_id): line.open for line in self.lines if line.open})


class WaitingOrder(RuleBasedStateMachine):
    @initialize(held=st.none() | SHARES, owed=SHARES)
    def place(self, held: list[tuple[str, str, int]] | None, owed: list[tuple[str, str, int]]) -> None:
        """What is held and what is owed, by item and place."""
        promised = [{(sku, place): units for sku, place, units in part or ()} for part in (held, owed)]
        ordered: Counter[str] = Counter()
        for part in promised:
            for (sku, _), units in part.items():
                ordered[sku] += units
        self.order = pending(Method.SHIP, "{}", **ordered)
        self.promise = Promise(*promised)
        self.to_inventory: deque[Cancelled] = deque()
        self.to_order: deque[Said] = deque([self.promise.said()])
        self.told = 0

    @rule(sku=st.sampled_from("AB"), units=st.integers(1, 2))
    def the_customer_cancels(self, sku: str, units: int) -> None:
        try:
            commands.cancel(self.order, {sku: units}, "changed my mind")
        except Refused:
            return
        self.say()

    @rule(units=st.integers(1, 2))
    def goods_arrive(self, units: int) -> None:
        if self.promise.serve(units):
            self.to_order.append(self.promise.said())

    @precondition(lambda self: self.to_order)
    @rule()
    def the_order_hears(self) -> None:
        kind, units = self.to_order.popleft()
        if kind == "waits":
            wait(self.order, "r", units, WHY)
        else:
            grant(self.order, "r", shares(*units), WHY)
        self.say()

    @precondition(lambda self: self.to_inventory)
    @rule()
    def inventory_hears(self) -> None:
        if self.promise.release(self.to_inventory.popleft()) and (self.promise.open() or self.promise.said()[1]):
            self.to_order.append(self.promise.said())

    def say(self) -> None:
        for happening in self.order.happenings[self.told :]:
            if isinstance(happening, Cancelled):
                self.to_inventory.append(happening)
        self.told = len(self.order.happenings)

    def teardown(self) -> None:
        if not hasattr(self, "order"):
            return
        self.hear_all()
        while self.promise.serve(9):
            self.to_order.append(self.promise.said())
        self.hear_all()
        counted = Counter({(share.sku, share.location_id): share.open for share in self.order.shares if share.open})
        assert counted == self.promise.open()
        assert self.order.state is (State.CONFIRMED if counted else State.CANCELLED)
        assert self.order.state is state_of(self.order.standing())
        states = [State.PENDING, *(step.state for step in self.order.steps)]
        assert all(is_legal(before, after) for before, after in pairwise(states))

    def hear_all(self) -> None:
        while self.to_order or self.to_inventory:
            if self.to_order:
                self.the_order_hears()
            else:
                self.inventory_hears()


TestWaitingOrder = WaitingOrder.TestCase
