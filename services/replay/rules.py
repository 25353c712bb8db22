"""The rules of the replay: what becomes of each receipt, and which stock is there before the first.

* A receipt's number decides, through h = crc32(number): h % 10 == 0 makes it an online order, of which h // 10 % 2 == 0
  are for pickup at that store and the others are shipped; every other receipt is a sale at till 1 + h // 20 % 4.
* Store 367 is the location S367; receipts are at their times read as UTC; prices are US cents; fuel and the like, sold
  in small units, count as they are. Lines of quantity 0 are named `zero_quantity` and not sent.
* A store fills the bag of a pickup once eight further receipts of its own have come; what it has too little of, it
  marks short. It has one clerk, who takes two minutes for a bag and three seconds more for each of its lines. He
  begins a bag as soon as he is free, and it is ready when he has had that time. The week passes in about a minute, so
  stores never close, and a clerk's minute is scaled down: to `OPENING_SHARE` of the time in which this machine has
  received the opening stock, at least to a second. So he is as fast beside the system on any machine.
  A shipped order is handed over at once, a parcel from each warehouse that it was promised from.
* Opening stock is received the day before. A store gets what its tills sell and its pickups take in the week.
  A scarce shelf gets only what its tills sell: one where both happen and crc32("S367/995242") % 4 == 0.
  So some pickups are refused, and some accepted early and found short when the tills have sold first: by the books, if
  nobody has begun the bag by then, else by the picker. Either way the same units are short.
* Warehouses W1 and W2 each get all that is shipped in the week, but items with crc32(sku) % 64 == 0 lie in neither
  (orders with them are refused), with crc32(sku) % 8 == 1 only in W1, with crc32(sku) % 8 == 2 only in W2
  (orders with both come in two parcels).
* A store's sales and pickups are played strictly in order, each step only when the last has taken effect; stores run
  side by side, and parcels beside them. What one store does never touches another's shelf, and warehouses never run
  out of what they have: so the final stock is the same in every run, after any interruption, on any bus.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Literal
from zlib import crc32

from services.replay.week import FIRST_DAY, Basket

Kind = Literal["till", "pickup", "ship"]

ONE_IN_ONLINE = 10
TILLS_PER_STORE = 4
PICKUP_DELAY_BASKETS = 8
MINUTES_PER_ORDER = 2.0
MINUTES_PER_LINE = 0.05
OPENING_SHARE = 0.5
SCARCE_ONE_IN = 4
UNSTOCKED_ONE_IN = 64
ONE_WAREHOUSE_ONE_IN = 8
OPENING_AT = datetime(FIRST_DAY.year, FIRST_DAY.month, FIRST_DAY.day, tzinfo=UTC) - timedelta(days=1)

_NORTH, _SOUTH, _WEST, _EAST = 42.0, 33.0, -90.0, -78.0
_STEPS = 1_000


@dataclass(frozen=True, slots=True)
class Place:
    """A location to be; coordinates in degrees, made up but always the same."""

    location_id: str
    name: str
    kind: Literal["store", "warehouse"]
    latitude: float
    longitude: float


WAREHOUSES = (
    Place("W1", "Warehouse North", "warehouse", 39.10, -84.51),
    Place("W2", "Warehouse South", "warehouse", 33.75, -84.39),
)


@dataclass(frozen=True, slots=True)
class Receipt:
    """Opening stock of one item at one place."""

    location_id: str
    sku: str
    quantity: int

    @property
    def movement_id(self) -> str:
        return f"opening/{self.location_id}/{self.sku}"


@lru_cache(maxsize=65_536)
def stable_hash(name: str) -> int:
    """CRC-32 (zlib) of the name's UTF-8 bytes."""
    return crc32(name.encode())


def kind_of(basket: Basket) -> Kind:
    number = stable_hash(basket.basket_id)
    if number % ONE_IN_ONLINE:
        return "till"
    return "ship" if number // ONE_IN_ONLINE % 2 else "pickup"


def till_of(basket: Basket) -> str:
    return str(1 + stable_hash(basket.basket_id) // (2 * ONE_IN_ONLINE) % TILLS_PER_STORE)


def sequences(baskets: Iterable[Basket]) -> dict[str, int]:
    """For each receipt of a till its number in that till's count, 1, 2, 3… in the order of time."""
    counts: Counter[tuple[str, str]] = Counter()
    numbered = {}
    for basket in baskets:
        if kind_of(basket) == "till" and basket.lines:
            till = (basket.location_id, till_of(basket))
            counts[till] += 1
            numbered[basket.basket_id] = counts[till]
    return numbered


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a clerk's minute is in this replay, in seconds."""

    minute_s: float

    @property
    def per_order_s(self) -> float:
        return MINUTES_PER_ORDER * self.minute_s

    @property
    def per_line_s(self) -> float:
        return MINUTES_PER_LINE * self.minute_s

    def picking_s(self, lines: int) -> float:
        """How long the clerk is busy with a bag of so many lines."""
        return self.per_order_s + lines * self.per_line_s


def pace_after(opening_s: float) -> Pace:
    """The pace where the opening stock took so many seconds."""
    return Pace(max(1.0, round(OPENING_SHARE * opening_s, 1)))


def store(location_id: str) -> Place:
    number = stable_hash(location_id)
    north, east = number % _STEPS / _STEPS, number // _STEPS % _STEPS / _STEPS
    latitude, longitude = _SOUTH + north * (_NORTH - _SOUTH), _WEST + east * (_EAST - _WEST)
    return Place(location_id, f"Store {location_id[1:]}", "store", round(latitude, 4), round(longitude, 4))


def opening_stock(baskets: Sequence[Basket]) -> list[Receipt]:
    """What is received before the week, by place and item."""
    taken: dict[Kind, Counter[tuple[str, str]]] = defaultdict(Counter)
    for basket in baskets:
        for line in basket.lines:
            taken[kind_of(basket)][basket.location_id, line.sku] += line.quantity
    at_stores = {
        key: taken["till"][key] + (0 if is_scarce(key, taken) else taken["pickup"][key])
        for key in taken["till"].keys() | taken["pickup"].keys()
    }
    shipped: Counter[str] = Counter()
    for (_, sku), quantity in taken["ship"].items():
        shipped[sku] += quantity
    at_warehouses = {(place, sku): quantity for sku, quantity in shipped.items() for place in stocked_in(sku)}
    return [Receipt(place, sku, quantity) for (place, sku), quantity in sorted((at_stores | at_warehouses).items())]


def is_scarce(key: tuple[str, str], taken: dict[Kind, Counter[tuple[str, str]]]) -> bool:
    both = taken["till"][key] > 0 and taken["pickup"][key] > 0
    return both and stable_hash("/".join(key)) % SCARCE_ONE_IN == 0


def stocked_in(sku: str) -> list[str]:
    """The warehouses that have this item."""
    number = stable_hash(sku)
    if number % UNSTOCKED_ONE_IN == 0:
        return []
    only = {1: ["W1"], 2: ["W2"]}
    return only.get(number % ONE_WAREHOUSE_ONE_IN, [place.location_id for place in WAREHOUSES])
