"""Histories of a few shelves: what may happen there in a day, what it comes to by definition, how it is delivered.

A history is told in a world of its own, places and items renamed, so that one history can be played twice side by side.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice, repeat
from typing import Any, NamedTuple

from hypothesis import strategies as st

from tests.integration.inventory.conftest import till_event

PLACES = (0, 1, 2)
LISTED = ("A", "B")
SKUS = (*LISTED, "C")
"""C is an item that only tills know."""
BY_HAND = 0
SHELF_CHANGE = {
    "sale": -1,
    "return": 1,
    "void": 1,
    "receipt": 1,
    "adjustment": 1,
    "damage": -1,
    "repair": 1,
    "transfer": -1,
    "transfer_receipt": 1,
}


class Line(NamedTuple):
    sku: str
    quantity: int
    condition: str = "sellable"


@dataclass(frozen=True)
class Fact:
    """One event of till 1 or 2, or one movement by hand (`till` 0, one line), at an hour of the day."""

    number: int
    kind: str
    place: int
    lines: tuple[Line, ...]
    hour: int
    till: int
    to_place: int | None = None

    @property
    def at(self) -> str:
        return f"2017-11-20T{self.hour:02}:00:00Z"


class World(NamedTuple):
    """Where a history is played: its places are `name-0`, `name-1`…, its items `number-A`, `number-B`…"""

    name: str
    number: int

    def place(self, place: int) -> str:
        return f"{self.name}-{place}"

    def sku(self, sku: str) -> str:
        return f"{self.number}-{sku}"

    def source(self, fact: Fact) -> str:
        return f"/locations/{self.place(fact.place)}/tills/{fact.till}" if fact.till else "/movements"

    def position(self, fact: Fact, line: int = 0) -> tuple[Any, ...]:
        """Its place in time: at one instant facts come first, then counts, by source, id and line."""
        if fact.kind != "count":
            return (fact.hour, False)
        return (fact.hour, True, self.source(fact), self.name_of(fact), line)

    def name_of(self, fact: Fact) -> str:
        return f"{self.number}/{fact.number:03}"

    def event(self, fact: Fact) -> dict[str, Any]:
        lines = [(self.sku(line.sku), line.quantity) for line in fact.lines]
        event = till_event(fact.kind, self.name_of(fact), fact.at, *lines, source=self.source(fact))
        event["data"] |= {"location_id": self.place(fact.place), "till_id": str(fact.till)}
        if fact.kind != "count":
            for told, line in zip(event["data"]["lines"], fact.lines, strict=True):
                told["condition"] = line.condition
        return event

    def movement(self, fact: Fact) -> dict[str, Any]:
        [line] = fact.lines
        there = {} if fact.to_place is None else {"to_location_id": self.place(fact.to_place)}
        return {
            "id": self.name_of(fact),
            "kind": fact.kind,
            "sku": self.sku(line.sku),
            "location_id": self.place(fact.place),
            "quantity": line.quantity,
            "occurred_at": fact.at,
            **there,
        }


class Units(NamedTuple):
    on_hand: int
    damaged: int
    in_transit: int


def by_definition(history: Sequence[Fact], world: World, opening: int) -> Mapping[tuple[int, str], Units]:
    """For every shelf: what the last count found, and what happened after it. Counts touch nothing but the shelf."""
    shelf = defaultdict(lambda: opening, {(place, "C"): 0 for place in PLACES})
    damaged: dict[tuple[int, str], int] = defaultdict(int)
    in_transit: dict[tuple[int, str], int] = defaultdict(int)
    steps = ((world.position(fact, number), fact, line) for fact in history for number, line in enumerate(fact.lines))
    for _, fact, (sku, quantity, condition) in sorted(steps, key=lambda step: step[0]):
        here = (fact.place, sku)
        if fact.kind == "count":
            shelf[here] = quantity
        elif condition == "damaged":
            damaged[here] += quantity
        else:
            shelf[here] += SHELF_CHANGE[fact.kind] * quantity
        damaged[here] += {"damage": quantity, "repair": -quantity}.get(fact.kind, 0)
        if fact.to_place is not None:
            in_transit[fact.to_place, sku] += quantity
        elif fact.kind == "transfer_receipt":
            in_transit[here] -= quantity
    keys = [(place, sku) for place in PLACES for sku in SKUS]
    return {key: Units(shelf[key], damaged[key], in_transit[key]) for key in keys}


class Delivery(NamedTuple):
    """A fact on its way; movements by hand have one door, and `by_bus` is nothing to them."""

    fact: Fact
    by_bus: bool


Wave = Sequence[Delivery]
"""What is delivered at the same time."""


class Day(NamedTuple):
    history: Sequence[Fact]
    waves: Sequence[Wave]


_PLACE = st.sampled_from(PLACES)
_HOUR = st.integers(9, 13)
_UNITS = st.integers(1, 20)
_SKU = st.sampled_from(SKUS)
_TILL = st.integers(1, 2)
_SELLABLE = st.just("sellable")
_LINES = st.lists(st.builds(Line, _SKU, _UNITS, _SELLABLE), min_size=1, max_size=3).map(tuple)
_RETURNED = st.lists(st.builds(Line, _SKU, _UNITS, st.sampled_from(["sellable", "damaged"])), min_size=1, max_size=3)
_COUNTED = st.lists(
    st.builds(Line, _SKU, st.integers(0, 40), _SELLABLE), min_size=1, max_size=3, unique_by=lambda line: line.sku
)

_TOLD = st.one_of(
    st.builds(Fact, st.just(0), st.sampled_from(["sale", "void", "receipt"]), _PLACE, _LINES, _HOUR, _TILL),
    st.builds(Fact, st.just(0), st.just("return"), _PLACE, _RETURNED.map(tuple), _HOUR, _TILL),
    st.builds(Fact, st.just(0), st.just("count"), _PLACE, _COUNTED.map(tuple), _HOUR, _TILL),
)


def _moved(kinds: Sequence[str], quantities: st.SearchStrategy[int]) -> st.SearchStrategy[Fact]:
    line = st.builds(Line, st.sampled_from(LISTED), quantities, _SELLABLE).map(lambda line: (line,))
    return st.builds(Fact, st.just(0), st.sampled_from(kinds), _PLACE, line, _HOUR, st.just(BY_HAND))


_TRANSFERS = st.builds(
    lambda fact, step: replace(fact, to_place=(fact.place + step) % len(PLACES)),
    _moved(["transfer"], _UNITS),
    st.integers(1, 2),
)
_BY_HAND = st.one_of(
    _moved(["receipt", "damage", "repair", "transfer_receipt"], _UNITS),
    _moved(["adjustment"], st.integers(-10, 10).filter(bool)),
    _moved(["count"], st.integers(0, 40)),
    _TRANSFERS,
)


@st.composite
def days(draw: st.DrawFn) -> Day:
    """A history, and a delivery of it: in any order, some of it again, by either door, in waves."""
    drawn = draw(st.lists(st.one_of(_TOLD, _TOLD, _BY_HAND), min_size=1, max_size=14))
    history = [replace(fact, number=number) for number, fact in enumerate(drawn)]
    again = draw(st.lists(st.sampled_from(history), max_size=6))
    arrivals = draw(st.permutations([*history, *again]))
    deliveries = [Delivery(fact, draw(st.booleans())) for fact in arrivals]
    return Day(history, list(_in_waves(deliveries, draw(st.lists(st.integers(1, 8), min_size=1, max_size=4)))))


def _in_waves(deliveries: Sequence[Delivery], sizes: Sequence[int]) -> Iterator[Wave]:
    """Waves of these sizes; the last size serves for all the rest."""
    left = iter(deliveries)
    for size in chain(sizes, repeat(sizes[-1])):
        wave = list(islice(left, size))
        if not wave:
            return
        yield wave
