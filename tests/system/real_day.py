"""One real day as twenty tills tell it: Wednesday, 2017-11-22, 577 receipts with 5,904 lines from 108 stores.

What the log does not say follows rules:

* 108 stores are more than twenty tills can stand in: store 367 plays in the shop P{crc32("S367") % 5}, each receipt at
  its till 1 + crc32(receipt) % 4. Opening stock comes in at midnight at till 1: what the shop sells in the day, and
  crc32(sku) % 6 more.
* A receipt with crc32(receipt) % 10 == 3 is voided ten minutes later. Of one with 7 there, one unit of the first line
  comes back two hours later; damaged where crc32(receipt) // 10 is odd.
* At 13:00 each shop counts all that it has, in three parts with one instant, as an RFID reader sends it. Twelve times
  it counts 40 items by hand, which ones, when and at which till by the seed; the first time at 13:00 too. Three counts
  in four find what must lie there, the others up to two units more or less.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any, NamedTuple
from zlib import crc32

from services.replay.week import Basket, read_baskets
from shared.contracts.event import Event, from_object
from shared.contracts.values import rfc3339

DAY = date(2017, 11, 22)
MIDNIGHT = datetime(DAY.year, DAY.month, DAY.day, tzinfo=UTC)
READ_AT = MIDNIGHT + timedelta(hours=13)
SHOPS = tuple(f"P{number}" for number in range(5))
TILLS_PER_SHOP = 4
COUNTS_PER_SHOP = 12
COUNTED_ITEMS = 40
PARTS = 3
LINES_LIMIT = 200


class Line(NamedTuple):
    sku: str
    quantity: int
    condition: str = "sellable"


class Fact(NamedTuple):
    """What one till tells; its `sequence` counts that till's facts in the order of time."""

    kind: str
    shop: str
    till: int
    event_id: str
    at: datetime
    lines: Sequence[Line]
    sequence: int = 0

    @property
    def source(self) -> str:
        return f"/locations/{self.shop}/tills/{self.till}"

    @property
    def position(self) -> tuple[Any, ...]:
        """Its place in time: facts before counts, counts by source and id."""
        return (self.at, self.kind == "count", self.source, self.event_id)

    def told(self) -> dict[str, Any]:
        """The CloudEvent, structured."""
        receipt = {} if self.kind == "count" else {"receipt_id": self.event_id}
        return {
            "specversion": "1.0",
            "id": self.event_id,
            "source": self.source,
            "type": f"zaiko.till.{self.kind}.v1",
            "time": rfc3339(self.at),
            "sequence": str(self.sequence),
            "data": {
                "location_id": self.shop,
                "till_id": str(self.till),
                "lines": [line._asdict() for line in self.lines],
                **receipt,
            },
        }

    def event(self) -> Event:
        return from_object(self.told(), self.shop)


class Units(NamedTuple):
    on_hand: int
    damaged: int


class Day(NamedTuple):
    """The facts in the order of time, and what must lie at (shop, sku) when all of them are known."""

    facts: Sequence[Fact]
    levels: Mapping[tuple[str, str], Units]


def day(seed: int) -> Day:
    """The day with the counts of this seed."""
    baskets = [basket for basket in read_baskets() if basket.at.date() == DAY and basket.lines]
    stories = [*_openings(baskets), *(fact for basket in baskets for fact in _story(basket))]
    facts, levels = _told_in_order([*stories, *_counts(stories, Random(seed))])
    sequences: dict[str, int] = defaultdict(int)
    numbered = []
    for fact in facts:
        sequences[fact.source] += 1
        numbered.append(fact._replace(sequence=sequences[fact.source]))
    return Day(numbered, levels)


def _openings(baskets: Sequence[Basket]) -> Iterator[Fact]:
    sold: dict[str, dict[str, int]] = {shop: defaultdict(int) for shop in SHOPS}
    for basket in baskets:
        for line in basket.lines:
            sold[_shop(basket)][line.sku] += line.quantity
    for shop, units in sold.items():
        lines = [Line(sku, quantity + crc32(sku.encode()) % 6) for sku, quantity in sorted(units.items())]
        for start in range(0, len(lines), LINES_LIMIT):
            yield Fact("receipt", shop, 1, f"opening-{start}", MIDNIGHT, lines[start : start + LINES_LIMIT])


def _story(basket: Basket) -> Iterator[Fact]:
    """A sale and what becomes of it."""
    digest = crc32(basket.basket_id.encode())
    lines = [Line(line.sku, line.quantity) for line in basket.lines]
    sale = Fact("sale", _shop(basket), 1 + digest % TILLS_PER_SHOP, basket.basket_id, basket.at, lines)
    yield sale
    if digest % 10 == 3:
        at = basket.at + timedelta(minutes=10)
        yield sale._replace(kind="void", event_id=f"{basket.basket_id}-void", at=at)
    elif digest % 10 == 7:
        back = Line(lines[0].sku, 1, "damaged" if digest // 10 % 2 else "sellable")
        at = basket.at + timedelta(hours=2)
        yield sale._replace(kind="return", event_id=f"{basket.basket_id}-return", at=at, lines=[back])


def _shop(basket: Basket) -> str:
    return SHOPS[crc32(basket.location_id.encode()) % len(SHOPS)]


def _counts(facts: Sequence[Fact], chance: Random) -> Iterator[Fact]:
    """Which items are counted when; how many there are is found in the order of time."""
    for shop in SHOPS:
        skus = sorted({line.sku for fact in facts if fact.shop == shop for line in fact.lines})
        for number in range(COUNTS_PER_SHOP):
            at = MIDNIGHT + timedelta(seconds=chance.randrange(1, 24 * 3_600)) if number else READ_AT
            counted = [Line(sku, 0) for sku in chance.sample(skus, COUNTED_ITEMS)]
            yield Fact("count", shop, 1 + chance.randrange(TILLS_PER_SHOP), f"count-{number}", at, counted)
        for part in range(PARTS):
            everything = [Line(sku, 0) for sku in skus[part::PARTS]]
            yield Fact("count", shop, 1 + part, f"rfid-{part}", READ_AT, everything)


def _told_in_order(facts: Sequence[Fact]) -> tuple[list[Fact], dict[tuple[str, str], Units]]:
    """By time, with what the counts found; and the levels at the end."""
    shelves: dict[tuple[str, str], int] = defaultdict(int)
    damaged: dict[tuple[str, str], int] = defaultdict(int)
    told = []
    for fact in sorted(facts, key=lambda fact: fact.position):
        if fact.kind == "count":
            found = [Line(sku, _found(fact, sku, shelves[fact.shop, sku])) for sku, _, _ in fact.lines]
            shelves.update({(fact.shop, line.sku): line.quantity for line in found})
            told.append(fact._replace(lines=found))
            continue
        for sku, quantity, condition in fact.lines:
            if condition == "damaged":
                damaged[fact.shop, sku] += quantity
            else:
                shelves[fact.shop, sku] += -quantity if fact.kind == "sale" else quantity
        told.append(fact)
    return told, {key: Units(quantity, damaged[key]) for key, quantity in shelves.items()}


def _found(count: Fact, sku: str, there: int) -> int:
    digest = crc32(f"{count.shop}/{count.event_id}/{sku}".encode())
    return max(0, there + (digest // 4 % 5 - 2 if digest % 4 == 0 else 0))
