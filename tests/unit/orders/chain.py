"""Orders and inventory for tests of the rules, each hearing late of what the other has said."""

from collections import deque
from typing import Any

from hypothesis.stateful import RuleBasedStateMachine

from services.inventory.domain.allocation import Request
from services.inventory.domain.reallocation import Wish, reallocate
from services.inventory.domain.reassignment import Refused as Refusal
from services.inventory.domain.reassignment import reassign as reassign_units
from services.inventory.domain.reservations import Line, choose
from services.orders.domain.orders import Cancelled, Cause, Order, Promise, Shipped
from services.orders.domain.promises import grant
from services.orders.domain.reallocations import Missing, Relocation, ask, missing_of_each, relocate
from services.orders.domain.reassignments import Reassignment, reassign
from services.orders.domain.refusals import Refused
from services.orders.domain.repairs import ReallocationRequested, ReassignmentRequested
from services.orders.domain.sourcing import Plan
from services.orders.domain.states import Method, state_of
from tests.unit.orders.made import WHY, pending, shares

ORDERED = 3


class Inventory:
    """Stock of one item that one order has a promise for; it hears orders and counters in their order."""

    def __init__(self, on_hand: dict[str, int], promised: dict[str, int]) -> None:
        self.on_hand = on_hand
        self.lines = [Line("A", place, 0, promised.get(place, 0), 0) for place in on_hand]

    def line(self, place: str) -> Line:
        return next(line for line in self.lines if line.location_id == place)

    def open(self, place: str) -> int:
        return self.line(place).open

    def shortfall(self, place: str) -> int:
        return max(0, self.open(place) - max(0, self.on_hand[place]))

    def release(self, cancelled: Cancelled, *, anywhere: bool = False) -> list[Promise]:
        """The units that it takes back, and from where."""
        wanted = None
        if not cancelled.complete:
            wanted = {(sku, place): units for sku, place, units in cancelled.released}
        return self._take(wanted, travelling=True, anywhere=anywhere)

    def hand_over(self, place: str, units: int) -> None:
        self.on_hand[place] -= units
        self._take({("A", place): units})

    def _take(self, wanted: Any, *, travelling: bool = False, anywhere: bool = False) -> list[Promise]:
        moves = choose(self.lines, wanted, at_most=True, travelling=travelling, anywhere=anywhere) or []
        for move in moves:
            move.line.open -= move.quantity - move.travelling
            move.line.in_transit -= move.travelling
            move.line.told_short = max(0, move.line.told_short - move.quantity)
        return [(move.line.sku, move.line.location_id, move.quantity) for move in moves]

    def reassign(self, asked: ReassignmentRequested) -> Reassignment:
        refusing = asked.location_id
        told = self.line(refusing).told_short
        places = asked.plan.candidates
        free = {(place, "A"): self.on_hand[place] - self.open(place) for place in places}
        refused = Refusal(Request(asked.lines, asked.plan.policy, places), asked.together)
        decision = reassign_units(refused, {"A": self.open(refusing) - (0 if asked.together else told)}, free)
        for share in decision.shares:
            self.line(refusing).open -= share.quantity
            self.line(share.location_id).open += share.quantity
        self.line(refusing).told_short = min(self.open(refusing), told + decision.short.get("A", 0))
        moved = [(share.sku, share.location_id, share.quantity) for share in decision.shares]
        return Reassignment(refusing, moved, decision.short, decision.kept)

    def move(self, asked: ReallocationRequested) -> Relocation:
        places = [] if asked.plan is None else asked.plan.candidates
        free = {(place, "A"): self.on_hand[place] - self.open(place) for place in places}
        wish = Wish("A", asked.quantity, "fewest_splits", places)
        short = asked.location_id
        told = self.line(short).told_short
        lacking = max(0, self.shortfall(short) - told)
        decision = reallocate(wish, self.open(short) - told, lacking, free)
        for share in decision.shares:
            self.line(short).open -= share.quantity
            self.line(share.location_id).open += share.quantity
        self.line(short).told_short += decision.short
        moved = [(share.location_id, share.quantity) for share in decision.shares]
        return Relocation("A", short, moved, decision.short, decision.kept)


class Chain(RuleBasedStateMachine):
    """What the two methods have in common: tills that sell, and events that are heard late."""

    order: Order
    inventory: Inventory

    def begin(self, method: Method, on_hand: dict[str, int], promised: dict[str, int], fulfilment: str = "{}") -> None:
        self.order = pending(method, fulfilment, A=ORDERED)
        self.promised = [("A", place, units) for place, units in promised.items()]
        self.inventory = Inventory(on_hand, promised)
        self.to_inventory: deque[Any] = deque()
        self.to_orders: deque[Any] = deque([None])
        """None is the promise itself, which comes before every answer."""
        self.at_risk: deque[tuple[str, int, int]] = deque()
        self.told = 0
        self.is_plain = True
        """Whether nothing but sales has happened: then exactly what is missing is given up."""

    def sell(self, place: str) -> None:
        before = self.inventory.shortfall(place)
        self.inventory.on_hand[place] -= 1
        self.announce_shortfall(place, before)

    def hand_over(self, place: str, units: int) -> None:
        before = self.inventory.shortfall(place)
        self.inventory.hand_over(place, units)
        self.announce_shortfall(place, before)

    def announce_shortfall(self, place: str, before: int) -> None:
        if self.inventory.shortfall(place) > before:
            self.at_risk.append((place, self.inventory.shortfall(place), self.inventory.open(place)))

    def hear_of_risk(self) -> None:
        place, shortfall, promised = self.at_risk.popleft()
        (missing,) = missing_of_each([promised], shortfall)
        ask(self.order, Missing("r", "A", place, missing), self.plan_without(place), WHY)
        self.say()

    def plan_without(self, place: str) -> Plan | None:
        """Where else the units may come from, once the shop floor has sold them here."""
        elsewhere = [other for other in self.inventory.on_hand if other != place]
        return Plan("fewest_splits", elsewhere) if elsewhere else None

    def hear_inventory(self) -> None:
        found = self.to_orders.popleft()
        if found is None:
            grant(self.order, "r", shares(*self.promised), WHY)
        else:
            answer: Any = reassign if isinstance(found, Reassignment) else relocate
            answer(self.order, found, Cause("answer"))
        self.say()

    def inventory_hears(self) -> None:
        said = self.to_inventory.popleft()
        if isinstance(said, ReallocationRequested):
            self.to_orders.append(self.inventory.move(said))
        elif isinstance(said, ReassignmentRequested):
            self.to_orders.append(self.inventory.reassign(said))
        elif isinstance(said, Cancelled):
            self.inventory.release(said)
        elif isinstance(said, Shipped):
            self.hand_over(said.location_id, said.lines["A"])

    def say(self) -> None:
        """What the order has said since the last time goes out, in its order."""
        for happening in self.order.happenings[self.told :]:
            self.to_inventory.append(happening)
            self.to_counter(happening)
        self.told = len(self.order.happenings)

    def to_counter(self, happening: Any) -> None:
        """A shipped order has none."""

    def attempt(self, command: Any) -> None:
        try:
            command()
        except Refused:
            return
        self.is_plain = False
        self.say()

    def teardown(self) -> None:
        if hasattr(self, "order"):
            self.hear_everything()
            assert self.order.state is state_of(self.order.standing())
            for place in self.inventory.on_hand:
                share = self.order.share("A", place)
                assert (share.open if share else 0) == self.inventory.open(place)
            (line,) = self.order.lines
            assert sum(share.quantity for share in self.order.shares) == line.quantity
            assert sum(share.open for share in self.order.shares) == line.open

    def hear_everything(self) -> None:
        while self.at_risk or self.to_orders or self.to_inventory:
            self.hear_one()

    def hear_one(self) -> None:
        if self.to_orders:
            self.hear_inventory()
        elif self.to_inventory:
            self.inventory_hears()
        else:
            self.hear_of_risk()
