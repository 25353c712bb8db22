"""The double-entry ledger: facts in any order of arrival give one level.

Every movement takes a quantity out of one account and puts it into another. A count says what lay on the shelf at an
instant; it is written as a correction, and whatever arrives later from before a count restates the first count after
it by the opposite amount. So the balance at every known count is what was counted, whatever the order of arrival:
a fact from before a count changes history and never the shelf.

At one instant facts come before counts, and counts come by (source, id, line).
"""

from bisect import bisect_right, insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from services.inventory.domain.levels import Key, Level


class Account(StrEnum):
    """Where units are; on_hand, damaged and in_transit are kept per location."""

    SUPPLIER = "supplier"
    ON_HAND = "on_hand"
    DAMAGED = "damaged"
    IN_TRANSIT = "in_transit"
    CUSTOMER = "customer"
    SHRINKAGE = "shrinkage"


class Kind(StrEnum):
    """Why units move."""

    RECEIPT = "receipt"
    SALE = "sale"
    RETURN = "return"
    DAMAGED_RETURN = "damaged_return"
    VOID = "void"
    FULFILMENT = "fulfilment"
    DAMAGE = "damage"
    REPAIR = "repair"
    TRANSFER = "transfer"
    TRANSFER_RECEIPT = "transfer_receipt"
    ADJUSTMENT = "adjustment"
    COUNT = "count"
    RESTATEMENT = "restatement"


ACCOUNTS: Mapping[Kind, tuple[Account, Account]] = {
    Kind.RECEIPT: (Account.SUPPLIER, Account.ON_HAND),
    Kind.SALE: (Account.ON_HAND, Account.CUSTOMER),
    Kind.RETURN: (Account.CUSTOMER, Account.ON_HAND),
    Kind.DAMAGED_RETURN: (Account.CUSTOMER, Account.DAMAGED),
    Kind.VOID: (Account.CUSTOMER, Account.ON_HAND),
    Kind.FULFILMENT: (Account.ON_HAND, Account.CUSTOMER),
    Kind.DAMAGE: (Account.ON_HAND, Account.DAMAGED),
    Kind.REPAIR: (Account.DAMAGED, Account.ON_HAND),
    Kind.TRANSFER: (Account.ON_HAND, Account.IN_TRANSIT),
    Kind.TRANSFER_RECEIPT: (Account.IN_TRANSIT, Account.ON_HAND),
}
"""Out of which account, into which. Adjustments, counts and restatements go either way, by their sign."""

_AT_HAND = frozenset({Account.SUPPLIER, Account.ON_HAND, Account.CUSTOMER, Account.SHRINKAGE})
"""What moves between these is at one shelf, or nowhere of ours."""

Position = tuple[datetime, bool, str, str, int]
"""A place in time: instant, whether a count, and for counts (source, id, line)."""


class Movement(NamedTuple):
    """One line of a fact. `quantity` is positive; signed for an adjustment; the counted number for a count."""

    source: str
    event_id: str
    line: int
    kind: Kind
    sku: str
    location_id: str
    quantity: int
    occurred_at: datetime
    actor: str
    to_location_id: str | None = None
    reference: str | None = None
    reason: str | None = None

    @property
    def key(self) -> Key:
        return (self.location_id, self.sku)

    @property
    def position(self) -> Position:
        if self.kind is Kind.COUNT:
            return (self.occurred_at, True, self.source, self.event_id, self.line)
        return fact_position(self.occurred_at)


def fact_position(occurred_at: datetime) -> Position:
    return (occurred_at, False, "", "", 0)


class Entry(NamedTuple):
    """A line of the ledger: `quantity` units from one account to another, and the on_hand that it left."""

    movement: Movement
    kind: Kind
    out_of: Account
    into: Account
    quantity: int
    shelf_change: int
    balance: int
    restates: Position | None = None

    @property
    def occurred_at(self) -> datetime:
        return self.restates[0] if self.restates else self.movement.occurred_at


@dataclass(slots=True)
class Shelf:
    """A level under lock, with what is known of its past as far as this batch needs it.

    `counts`: positions of the known counts from the batch's earliest instant on, in order.
    `changed_since`: for each count position in the batch, the sum of the recorded shelf changes after it.
    """

    level: Level
    counts: list[Position] = field(default_factory=list)
    changed_since: Mapping[Position, int] = field(default_factory=dict)
    posted: list[tuple[Position, int]] = field(default_factory=list)

    def balance_as_of(self, position: Position) -> int:
        """The on_hand right before `position`, by everything known now."""
        since = self.changed_since[position] + sum(change for place, change in self.posted if place > position)
        return self.level.on_hand - since

    def first_count_after(self, position: Position) -> Position | None:
        place = bisect_right(self.counts, position)
        return self.counts[place] if place < len(self.counts) else None

    def change(self, position: Position, change: int) -> int:
        """Put a change of on_hand into its place in time; the level after it."""
        if self.changed_since:  # else no count of this batch asks for it
            self.posted.append((position, change))
        self.level.on_hand += change
        return self.level.on_hand


def post(movements: Sequence[Movement], shelves: Mapping[Key, Shelf]) -> list[Entry]:
    """The entries that the movements make, in order of arrival; the shelves' levels are brought up to date.

    `shelves` holds every key that the movements touch, destinations of transfers included.
    """
    entries: list[Entry] = []
    for movement in movements:
        entries.extend(_post_one(movement, shelves))
    return entries


def _post_one(movement: Movement, shelves: Mapping[Key, Shelf]) -> list[Entry]:
    shelf = shelves[movement.key]
    position = movement.position
    if movement.kind is Kind.COUNT:
        correction = movement.quantity - shelf.balance_as_of(position)
        first = _entry(movement, Kind.COUNT, _by_sign(correction), abs(correction), shelf, position)
        insort(shelf.counts, position)
        shelf.level.counted_at = max(shelf.level.counted_at or movement.occurred_at, movement.occurred_at)
    elif movement.kind is Kind.ADJUSTMENT:
        first = _entry(movement, movement.kind, _by_sign(movement.quantity), abs(movement.quantity), shelf, position)
    else:
        accounts = ACCOUNTS[movement.kind]
        first = _entry(movement, movement.kind, accounts, movement.quantity, shelf, position)
        if not _AT_HAND.issuperset(accounts):
            _move_elsewhere(first, shelves)
    later_count = shelf.first_count_after(position) if shelf.counts else None
    if later_count is None or first.shelf_change == 0:
        return [first]
    opposite = -first.shelf_change
    restatement = _entry(movement, Kind.RESTATEMENT, _by_sign(opposite), abs(opposite), shelf, later_count, later_count)
    return [first, restatement]


def _entry(
    movement: Movement,
    kind: Kind,
    accounts: tuple[Account, Account],
    quantity: int,
    shelf: Shelf,
    position: Position,
    restates: Position | None = None,
) -> Entry:
    out_of, into = accounts
    change = quantity * ((into is Account.ON_HAND) - (out_of is Account.ON_HAND))
    balance = shelf.change(position, change)
    return Entry(movement, kind, out_of, into, quantity, change, balance, restates)


def _by_sign(change: int) -> tuple[Account, Account]:
    """Found units come out of shrinkage, lost ones go into it."""
    return (Account.SHRINKAGE, Account.ON_HAND) if change >= 0 else (Account.ON_HAND, Account.SHRINKAGE)


def _move_elsewhere(entry: Entry, shelves: Mapping[Key, Shelf]) -> None:
    """The part of a movement that is not the shelf: damaged units, and units on their way to a place."""
    movement = entry.movement
    here = shelves[movement.key].level
    here.damaged += entry.quantity * ((entry.into is Account.DAMAGED) - (entry.out_of is Account.DAMAGED))
    if entry.into is Account.IN_TRANSIT:
        shelves[(movement.to_location_id or movement.location_id, movement.sku)].level.in_transit += entry.quantity
    elif entry.out_of is Account.IN_TRANSIT:
        here.in_transit -= entry.quantity
