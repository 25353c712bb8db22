"""What tills took back or voided: noted by the receipt of its sale, and told to the order that it was bought with.

It is held against the sale later, by a look (usecases/return_watch.py): a till's batch makes no round trip for it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from services.inventory.domain.returns import Receipt
from services.inventory.store import returns as store
from services.inventory.usecases.levels import SOURCE
from shared.consumer import Received
from shared.contracts import tills
from shared.contracts.event import Event
from shared.contracts.orders import ReturnedLine
from shared.contracts.returns import OF_ORDER, OrderUnitsReturned
from shared.contracts.tills import ReceiptName, TillReceipt
from shared.identifiers import new_id
from shared.statements import Writes

BROUGHT_BACK = (tills.RETURN.name, tills.VOID.name)


def note(writes: Writes, fresh: Sequence[Received[Any]], now: datetime) -> None:
    """Note what came back on receipts, among what a batch has newly told."""
    noted = [
        store.Noted(
            receipt=receipt_of(event, data),
            sku=line.sku,
            source=event.source,
            event_id=event.id,
            line=number,
            quantity=line.quantity,
            returned_to=data.location_id,
            names_sale=data.original_receipt is not None,
        )
        for event, data in fresh
        if event.type in BROUGHT_BACK and not _is_of_order(event, data)
        for number, line in enumerate(data.lines)
    ]
    store.note(writes, noted, now)


def of_orders(fresh: Sequence[Received[Any]], now: datetime) -> list[Event]:
    """Tell orders which of their units tills took back."""
    return [
        OF_ORDER.event(_of_order(data), event_id=new_id(), source=SOURCE, time=now)
        for event, data in fresh
        if _is_of_order(event, data)
    ]


def receipt_of(event: Event, data: TillReceipt) -> Receipt:
    """The receipt of the sale: as the till names it, or the one whose number the return has itself."""
    original = data.original_receipt
    if original is not None:
        return Receipt(original.location_id, original.till_id, original.receipt_id)
    return Receipt(data.location_id, data.till_id, data.receipt_id)


def _is_of_order(event: Event, data: Any) -> bool:
    return event.type == tills.RETURN.name and data.order_id is not None


def _of_order(data: TillReceipt) -> OrderUnitsReturned:
    return OrderUnitsReturned(
        order_id=data.order_id or "",
        location_id=data.location_id,
        receipt=ReceiptName(location_id=data.location_id, till_id=data.till_id, receipt_id=data.receipt_id),
        lines=[ReturnedLine(sku=line.sku, quantity=line.quantity, condition=line.condition) for line in data.lines],
    )
