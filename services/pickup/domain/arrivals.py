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
from services.pickup.domain.transfers import Transfer, TransferLine, receive, send


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
    """When a bag of so many lines is ready of which something arrives then: it is picked once it is all there.

    Nobody knows the queue of that day yet, so none is counted.
    """
    return store.calendar.after_open_time(arrives_at, store.picking_time(lines))


def expect(bag: Pickup, units: Mapping[tuple[str, str], int], now: datetime, journey: Journey) -> Pickup:
    """The bag when these units by (place, item), a part of what it wants, come from other places."""
    by_place: defaultdict[str, list[TransferLine]] = defaultdict(list)
    for (place, sku), quantity in sorted(units.items()):
        by_place[place].append(TransferLine(sku, quantity))
    asked = tuple(
        Transfer(journey.new_id(), place, bag.location_id, tuple(lines), now + journey.duration, now)
        for place, lines in by_place.items()
    )
    return settled(replace(bag, transfers=(*bag.transfers, *asked)))


def settled(bag: Pickup) -> Pickup:
    """The bag with what its transfers bring arriving; what then is too much in it goes back to the shelf."""
    return replace(bag, lines=tuple(_settled(line, bag.transfers) for line in bag.lines))


def _settled(line: Line, transfers: Iterable[Transfer]) -> Line:
    arriving = sum(transfer.arriving(line.sku) for transfer in transfers)
    return replace(line, arriving=arriving, picked=min(line.picked, max(0, line.wanted - arriving)))


def step(bag: Pickup, transfer_id: str, name: str, now: datetime) -> Decision:
    """Send or receive a transfer of the bag; taken already, the step changes nothing and is no error."""
    transfer = next(transfer for transfer in bag.transfers if transfer.transfer_id == transfer_id)
    before, after, move = ("requested", "sent", send) if name == "send" else ("sent", "received", receive)
    if transfer.state == after:
        return Decision(bag)
    if transfer.state != before:
        detail = f"The transfer is {transfer.state}; only one that is {before} can be {after}."
        return refused(bag, "illegal_transition", detail, state=transfer.state)
    return Decision(settled(_with(bag, move(transfer, now))))


def _with(bag: Pickup, changed: Transfer) -> Pickup:
    transfers = (changed if known.transfer_id == changed.transfer_id else known for known in bag.transfers)
    return replace(bag, transfers=tuple(transfers))


def take_off(bag: Pickup, units: Mapping[str, int], places: Mapping[tuple[str, str], int], now: datetime) -> Pickup:
    """The bag without units by item that its order does not want any more; `places` says where they were promised.

    Promises of other places are taken off their transfers. Of the rest those come first that the store itself has given
    up: the order answers for them. Then what is on its way, what is here, and what has not left yet.
    """
    for sku, quantity in units.items():
        line = bag.line(sku)
        if line is None:
            continue
        left = quantity
        for (place, item), promised in places.items():
            if item == sku and place != bag.location_id:
                bag, taken = _off_transfers(bag, sku, min(left, promised), now, lambda t, at=place: at == t.from_location_id)
                left -= taken
        line = bag.line(sku) or line
        echoed = min(line.echo_due, left)
        left -= echoed
        bag = bag.with_line(replace(line, echo_due=line.echo_due - echoed))
        bag, taken = _off_transfers(bag, sku, left, now, lambda t: t.state == "sent")
        bag, taken = _off_shelf(bag, sku, left - taken)[0], taken
    return settled(bag)
