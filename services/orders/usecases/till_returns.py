"""Units of orders that tills took back: marked on their orders, each event once."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from services.orders.domain.orders import Order
from services.orders.domain.returns import Receipt, Returned, ReturnedUnits
from services.orders.domain.till_returns import TakenBack, take_back_at_till
from services.orders.store import returns as store
from services.orders.store import returns_ahead
from services.orders.store.counted_events import Mark, first_time
from services.orders.store.orders import is_identifier
from services.orders.store.returns_ahead import Ahead
from services.orders.usecases.orders import Step, move
from shared.consumer import Received
from shared.contracts.returns import OF_ORDER, OrderUnitsReturned
from shared.database import Transaction
from shared.errors import DomainError
from shared.identifiers import new_id

LOOK_LIMIT = 500
"""So many items are tried again in one look."""
LOOK_AGAIN = timedelta(seconds=1)
"""After this it is looked again; then after twice as long, and so on."""

Told = Received[OrderUnitsReturned]


class TillReturn(NamedTuple):
    """Units of one order on one receipt; `mark` is the event that told of them."""

    mark: Mark
    receipt: Receipt
    units: Sequence[ReturnedUnits]
    may_wait: bool


Outcome = TakenBack | DomainError


async def mark_returned(
    transaction: Transaction, received: Sequence[Told], now: datetime
) -> list[tuple[Told, DomainError]]:
    """Mark what came back; answers the events whose order there is none of, each with why."""
    strangers = [member for member in received if not is_identifier(member.data.order_id)]
    new = await _new(transaction, [member for member in received if is_identifier(member.data.order_id)])
    outcomes = await _take_back(transaction, [_till_return(member) for member in new], now)
    waiting = [
        _ahead(member, units, now)
        for member, outcome in zip(new, outcomes, strict=True)
        if isinstance(outcome, TakenBack)
        for units in _by_condition(outcome.waiting)
    ]
    await returns_ahead.keep(transaction, waiting)
    strangers += [member for member, it in zip(new, outcomes, strict=True) if isinstance(it, DomainError)]
    return [(member, _no_order(member.data.order_id)) for member in strangers]


async def try_returns_again(transaction: Transaction, patience: timedelta, now: datetime) -> bool:
    """Mark what was handed over meanwhile; whether there may be more than one look takes.

    After `patience` what is left is said to be too much. One process looks at a time.
    """
    if not await returns_ahead.look(transaction):
        return False
    due = await returns_ahead.due(transaction, now, LOOK_LIMIT)
    if not due:
        return False
    outcomes = await _take_back(transaction, [_again(ahead, now < ahead.noted_at + patience) for ahead in due], now)
    left = {ahead: _left(outcome) for ahead, outcome in zip(due, outcomes, strict=True)}
    await returns_ahead.remove(transaction, [ahead for ahead, units in left.items() if not units])
    waiting = [_later(ahead, units, patience, now) for ahead, units in left.items() if units]
    await returns_ahead.keep(transaction, waiting)
    return len(due) == LOOK_LIMIT


async def _new(transaction: Transaction, received: Sequence[Told]) -> list[Told]:
    """Those that were not told before, each once."""
    fresh = await first_time(transaction, map(_mark, received))
    new = []
    for member in received:
        if _mark(member) in fresh:
            fresh.remove(_mark(member))
            new.append(member)
    return new


async def _take_back(transaction: Transaction, till_returns: Sequence[TillReturn], now: datetime) -> list[Outcome]:
    taken: list[TakenBack] = []
    moved = await move(transaction, [(asked.mark[0], _step(asked, taken)) for asked in till_returns], now)
    in_order = iter(taken)
    outcomes: list[Outcome] = [next(in_order) if isinstance(it, Order) else it for it in moved]
    returned: list[tuple[str, Returned]] = [
        (asked.mark[0], outcome.returned)
        for asked, outcome in zip(till_returns, outcomes, strict=True)
        if isinstance(outcome, TakenBack) and outcome.returned is not None
    ]
    await store.insert(transaction, returned, now)
    return outcomes


def _step(asked: TillReturn, taken: list[TakenBack]) -> Step:
    def step(order: Order) -> None:
        taken.append(
            take_back_at_till(order, new_id(), asked.receipt, asked.units, OF_ORDER.name, may_wait=asked.may_wait)
        )

    return step


def _till_return(member: Told) -> TillReturn:
    data = member.data
    receipt = Receipt(data.receipt.location_id, data.receipt.till_id, data.receipt.receipt_id)
    units = [ReturnedUnits(line.sku, line.quantity, line.condition) for line in data.lines]
    return TillReturn(_mark(member), receipt, units, may_wait=True)


def _again(ahead: Ahead, may_wait: bool) -> TillReturn:
    receipt = Receipt(ahead.location_id, ahead.till_id, ahead.receipt_id)
    units = [ReturnedUnits(ahead.sku, ahead.quantity, ahead.condition)]
    return TillReturn((ahead.order_id, ahead.source, ahead.event_id), receipt, units, may_wait)


def _mark(member: Told) -> Mark:
    return (member.data.order_id, member.event.source, member.event.id)


def _by_condition(waiting: Iterable[ReturnedUnits]) -> list[ReturnedUnits]:
    """Lines that are alike, as one."""
    units: dict[tuple[str, str], int] = {}
    for line in waiting:
        units[line.sku, line.condition] = units.get((line.sku, line.condition), 0) + line.quantity
    return [ReturnedUnits(sku, quantity, condition) for (sku, condition), quantity in units.items()]


def _ahead(member: Told, units: ReturnedUnits, now: datetime) -> Ahead:
    order_id, source, event_id = _mark(member)
    receipt = member.data.receipt
    return Ahead(
        order_id,
        source,
        event_id,
        units.sku,
        units.condition,
        units.quantity,
        receipt.location_id,
        receipt.till_id,
        receipt.receipt_id,
        noted_at=now,
        due_at=now + LOOK_AGAIN,
    )


def _left(outcome: Outcome) -> int:
    return sum(units.quantity for units in outcome.waiting) if isinstance(outcome, TakenBack) else 0


def _later(ahead: Ahead, units: int, patience: timedelta, now: datetime) -> Ahead:
    """After as long again as it has waited, at the end of the patience at the latest."""
    due_at = min(now + max(LOOK_AGAIN, now - ahead.noted_at), max(now + LOOK_AGAIN, ahead.noted_at + patience))
    return ahead._replace(quantity=units, due_at=due_at)


def _no_order(order_id: str) -> DomainError:
    return DomainError("unknown_order", f"/order_id: there is no order {order_id}")
