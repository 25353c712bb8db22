"""What a till took back of an order: a fact. It marks what was handed over, and what is more than that is said.

That units were handed over may be heard after they came back: as many as still may be are waited for.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from services.orders.domain.orders import Cause, Order
from services.orders.domain.returns import Receipt, Returned, ReturnedUnits, ReturnExceeded


@dataclass(slots=True)
class TakenBack:
    """What became of units that a till took back: marked, waiting to be heard of, or too much."""

    marked: list[ReturnedUnits] = field(default_factory=list)
    waiting: list[ReturnedUnits] = field(default_factory=list)
    too_much: dict[str, int] = field(default_factory=dict)
    returned: Returned | None = None
    """The return that was made of the marked ones."""


def take_back_at_till(
    order: Order, return_id: str, receipt: Receipt, brought: Sequence[ReturnedUnits], cause: str, *, may_wait: bool
) -> TakenBack:
    """Mark the units as returned, as far as they were handed over and are not back yet.

    The caller sees to it that each unit is told once, and tells those that wait again.
    """
    taken = TakenBack()
    for units in brought:
        _take(order, units, taken, may_wait)
    if taken.marked:
        taken.returned = Returned(return_id, receipt.location_id, taken.marked, None, receipt)
        order.happenings.append(taken.returned)
    if taken.too_much:
        order.happenings.append(ReturnExceeded(receipt, taken.too_much))
    if taken.marked or taken.too_much:
        order.advance(Cause(cause, _reason(receipt, taken)))
    return taken


def _take(order: Order, units: ReturnedUnits, taken: TakenBack, may_wait: bool) -> None:
    line = order.line(units.sku)
    if line is None:
        taken.too_much[units.sku] = taken.too_much.get(units.sku, 0) + units.quantity
        return
    marked = min(units.quantity, line.handed_over - line.returned)
    waiting = min(units.quantity - marked, line.quantity - line.handed_over) if may_wait else 0
    too_much = units.quantity - marked - waiting
    if marked:
        line.take_back(marked)
        taken.marked.append(ReturnedUnits(units.sku, marked, units.condition))
    if waiting:
        taken.waiting.append(ReturnedUnits(units.sku, waiting, units.condition))
    if too_much:
        taken.too_much[units.sku] = taken.too_much.get(units.sku, 0) + too_much


def _reason(receipt: Receipt, taken: TakenBack) -> str:
    at = f"at till {receipt.till_id} of {receipt.location_id}, receipt {receipt.receipt_id}"
    if not taken.too_much:
        return at
    return f"{at}: too many, {', '.join(f'{units} of {sku}' for sku, units in taken.too_much.items())}"
