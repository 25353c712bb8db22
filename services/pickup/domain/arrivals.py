"""A bag that waits for units from other places: what it waits for, what comes, and what it does not want any more.

Of each line so many units are `arriving` as its transfers under way bring. Units of one item are all alike at the
store: what is picked may have come from anywhere.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from services.pickup.domain.pickups import Decision, Line, Pickup, refused
from services.pickup.domain.stores import Store
from services.pickup.domain.transfers import Transfer, TransferLine, TransferStep, after, receive, send

Places = Mapping[tuple[str, str], int]
"""Units by (location_id, sku)."""


class Moved(NamedTuple):
    """Units of one item that are promised from another place than before."""

    sku: str
    from_location_id: str
    to_location_id: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Journey:
    """How transfers are asked for: `new_id` names them, and each takes so long to the store."""

    new_id: Callable[[], str]
    duration: timedelta


def ready_by_transfer(store: Store, lines: int, arrives_at: datetime) -> datetime:
    """When a bag of so many lines is ready of which something arrives then: it is picked once all of it is there.

    Nobody knows the queue of that day yet, so none is counted.
    """
    return store.calendar.after_open_time(arrives_at, store.picking_time(lines))


def due_by(bag: Pickup, store: Store) -> Pickup:
    """The bag, due once the last of its transfers should be there and it is picked; never earlier than it was.

    One that was late and is due later now may be late again.
    """
    arrivals = [transfer.due_at for transfer in bag.transfers if transfer.is_under_way]
    if not arrivals:
        return bag
    due_at = max(bag.due_at, ready_by_transfer(store, len(bag.lines), max(arrivals)))
    return replace(bag, due_at=due_at, late_at=bag.late_at if due_at == bag.due_at else None)


def expect(bag: Pickup, units: Places, now: datetime, journey: Journey) -> Pickup:
    """The bag when these units, a part of what it wants, come from other places: a transfer from each."""
    by_place: defaultdict[str, list[TransferLine]] = defaultdict(list)
    for (place, sku), quantity in sorted(units.items()):
        by_place[place].append(TransferLine(sku, quantity))
    asked = tuple(
        Transfer(journey.new_id(), bag.pickup_id, place, bag.location_id, tuple(lines), now + journey.duration, now)
        for place, lines in by_place.items()
    )
    return _settled(replace(bag, transfers=(*bag.transfers, *asked)))


def step(bag: Pickup, transfer_id: str, name: TransferStep, now: datetime) -> Decision:
    """Send or receive a transfer of the bag; taken already, the step changes nothing and is no error."""
    transfer = bag.transfer(transfer_id)
    needed, reached = after(name)
    if transfer.state == reached:
        return Decision(bag)
    if transfer.state != needed:
        detail = f"The transfer is {transfer.state}; only one that is {needed} can be {reached}."
        return refused(bag, "illegal_transition", detail, state=transfer.state)
    moved = send(transfer, now) if name == "send" else receive(transfer, now)
    transfers = (moved if known.transfer_id == transfer_id else known for known in bag.transfers)
    return Decision(_settled(replace(bag, transfers=tuple(transfers))))


def reroute(bag: Pickup, moved: Sequence[Moved], now: datetime, journey: Journey) -> Pickup:
    """The bag when its order is promised units from other places than before, by transfers from there.

    What lies in the bag already stays there, whatever was moved: its order hears of that when it is handed over.
    """
    if bag.state not in ("requested", "picking"):
        return bag
    coming: Counter[tuple[str, str]] = Counter()
    for sku, from_location_id, to_location_id, quantity in moved:
        line = bag.line(sku)
        if line is None:
            continue
        units = 0
        for state in ("requested", "sent"):
            transfers, taken = _let_go(bag.transfers_from(from_location_id, state), sku, quantity - units, now)
            bag, units = bag.with_transfers(transfers), units + taken
        already = sum(other for (_, item), other in coming.items() if item == sku) + units
        line, instead = _come_instead(_settled_line(line, bag.transfers), quantity - units, already)
        bag = bag.with_line(line)
        if to_location_id != bag.location_id:
            coming[to_location_id, sku] += units + instead
    return expect(bag, +coming, now, journey)


def _come_instead(line: Line, quantity: int, coming: int) -> tuple[Line, int]:
    """The line when units come from elsewhere instead, and how many: those that the store misses, then those there."""
    missed = min(line.echo_due, quantity)
    unpicked = max(0, line.unpicked - coming)
    changed = replace(line, echo_due=line.echo_due - missed, short=line.short - missed)
    return changed, missed + min(quantity - missed, unpicked)


def take_off(bag: Pickup, units: Mapping[str, int], places: Places, now: datetime) -> Pickup:
    """The bag without units by item that its order does not want any more; `places` is where they were promised."""
    for sku, quantity in units.items():
        line = bag.line(sku)
        if line is not None:
            elsewhere = {place: n for (place, item), n in places.items() if item == sku and place != bag.location_id}
            bag = _take_off_line(bag, line, quantity, elsewhere, now)
    return _settled(bag)


def _take_off_line(bag: Pickup, line: Line, quantity: int, elsewhere: Mapping[str, int], now: datetime) -> Pickup:
    """Promises of other places are taken off their transfers. Of the rest those come first that the store gave up.

    Then what is on its way, what is here, and what has not left yet.
    """
    left, cancelled = quantity, 0
    for place, promised in elsewhere.items():
        transfers, taken = _let_go(bag.transfers_from(place), line.sku, min(left, promised), now)
        bag, left, cancelled = bag.with_transfers(transfers), left - taken, cancelled + taken
    echoed = min(line.echo_due, left)
    left -= echoed
    transfers, taken = _let_go(bag.transfers_in("sent"), line.sku, left, now)
    bag, left, cancelled = bag.with_transfers(transfers), left - taken, cancelled + taken
    here = min(left, line.wanted - line.arriving)
    transfers, taken = _let_go(bag.transfers_in("requested"), line.sku, left - here, now)
    changed = replace(line, echo_due=line.echo_due - echoed, cancelled=line.cancelled + cancelled + here + taken)
    return bag.with_transfers(transfers).with_line(changed)


def _let_go(transfers: Iterable[Transfer], sku: str, units: int, now: datetime) -> tuple[list[Transfer], int]:
    """The transfers without so many units of an item, or as many as the bag waits for; and how many those were."""
    changed: list[Transfer] = []
    left = units
    for transfer in transfers:
        taken = min(left, transfer.arriving(sku))
        if taken:
            changed.append(transfer.without({sku: taken}, now))
            left -= taken
    return changed, units - left


def _settled(bag: Pickup) -> Pickup:
    """The bag with what its transfers bring arriving; what is then too much in it goes back to the shelf."""
    return replace(bag, lines=tuple(_settled_line(line, bag.transfers) for line in bag.lines))


def _settled_line(line: Line, transfers: Iterable[Transfer]) -> Line:
    arriving = sum(transfer.arriving(line.sku) for transfer in transfers)
    return replace(line, arriving=arriving, picked=min(line.picked, max(0, line.wanted - arriving)))
