"""How what happened to orders is announced."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from services.orders.domain.awaited import Backordered, all_promised_by
from services.orders.domain.fulfilments import ships_to_store
from services.orders.domain.orders import (
    Cancelled,
    Completed,
    Confirmed,
    Happening,
    Order,
    Promise,
    Rejected,
    Shipped,
    Withdrawn,
    touched,
)
from services.orders.domain.repairs import (
    Amended,
    LineShort,
    ReallocationRequested,
    ReassignmentRequested,
    Resourced,
)
from services.orders.domain.returns import Receipt, Returned, ReturnExceeded
from shared.contracts import order_returns, reassignments, slots
from shared.contracts import orders as contract
from shared.contracts.amendments import AMENDED, OrderAmended
from shared.contracts.backorders import BACKORDERED, OrderBackordered
from shared.contracts.event import Event, EventType
from shared.contracts.orders import FULFILMENT
from shared.contracts.reassignments import OrderReassignmentRequested
from shared.contracts.reservations import AwaitedUnits, MovedUnits, Shortage, Sourcing
from shared.contracts.tills import ReceiptName
from shared.contracts.values import Allocation, SkuQuantity
from shared.database import Transaction
from shared.identifiers import new_id
from shared.outbox import announce

SOURCE = "/orders"


def announce_happenings(transaction: Transaction, orders: Iterable[Order], now: datetime) -> None:
    """Announce all that happened to the orders in this transaction, each order's in its order."""
    events = [_event(order, happening, now) for order in touched(orders) for happening in order.happenings]
    announce(transaction, events)


def _event(order: Order, happening: Happening, now: datetime) -> Event:
    kind, data = _TOLD[type(happening)]
    return kind.event(data(order, happening), event_id=new_id(), source=SOURCE, time=now)


def _confirmed(order: Order, confirmed: Confirmed) -> contract.OrderConfirmed:
    return contract.OrderConfirmed(
        order_id=order.order_id,
        channel=order.channel,
        member_id=order.member_id,
        reservation_id=_promised(order),
        fulfilment=FULFILMENT.validate_json(order.fulfilment),
        allocations=_allocations(confirmed.promised),
    )


def _backordered(order: Order, backordered: Backordered) -> OrderBackordered:
    return OrderBackordered(
        order_id=order.order_id,
        channel=order.channel,
        member_id=order.member_id,
        awaited=[AwaitedUnits.model_validate(units, from_attributes=True) for units in backordered.awaited],
        promised_by=all_promised_by(backordered.awaited),
    )


def _rejected(order: Order, rejected: Rejected) -> contract.OrderRejected:
    shortages = [
        Shortage(sku=shortage.sku, requested=shortage.requested, available=shortage.available)
        for shortage in rejected.shortages
    ]
    reason = rejected.rejection
    return contract.OrderRejected(
        order_id=order.order_id,
        channel=order.channel,
        shortages=shortages,
        code=reason.code if reason else "insufficient_stock",
        detail=reason.detail if reason else None,
    )


def _cancelled(order: Order, cancelled: Cancelled) -> contract.OrderCancelled:
    return contract.OrderCancelled(
        order_id=order.order_id,
        channel=order.channel,
        reservation_id=order.reservation_id,
        lines=_quantities(cancelled.lines),
        allocations=_allocations(cancelled.released),
        complete=cancelled.complete,
        anywhere=bool(cancelled.lines) and ships_to_store(order.fulfilment),
        missed=cancelled.missed,
        reason=cancelled.reason,
    )


def _reallocation_requested(order: Order, wanted: ReallocationRequested) -> contract.OrderReallocationRequested:
    return contract.OrderReallocationRequested(
        order_id=order.order_id,
        reservation_id=wanted.reservation_id,
        sku=wanted.sku,
        location_id=wanted.location_id,
        quantity=wanted.quantity,
        sourcing=None if wanted.plan is None else Sourcing.model_validate(wanted.plan, from_attributes=True),
    )


def _reassignment_requested(order: Order, wanted: ReassignmentRequested) -> OrderReassignmentRequested:
    return OrderReassignmentRequested(
        order_id=order.order_id,
        reservation_id=wanted.reservation_id,
        location_id=wanted.location_id,
        lines=_quantities(wanted.lines),
        sourcing=Sourcing.model_validate(wanted.plan, from_attributes=True),
        together=wanted.together,
        reason=wanted.reason,
    )


def _amended(order: Order, amended: Amended) -> OrderAmended:
    return OrderAmended(
        order_id=order.order_id,
        channel=order.channel,
        member_id=order.member_id,
        reservation_id=order.reservation_id,
        lines=_quantities(amended.lines),
        fulfilment=FULFILMENT.validate_json(amended.fulfilment),
        reason=amended.reason,
    )


def _resourced(order: Order, resourced: Resourced) -> contract.OrderResourced:
    return contract.OrderResourced(
        order_id=order.order_id,
        channel=order.channel,
        member_id=order.member_id,
        reservation_id=_promised(order),
        moved=[MovedUnits.model_validate(units, from_attributes=True) for units in resourced.moved],
        allocations=_allocations(
            (share.sku, share.location_id, share.quantity) for share in order.shares if share.quantity
        ),
        fulfilment=None if resourced.fulfilment is None else FULFILMENT.validate_json(resourced.fulfilment),
    )


def _line_short(order: Order, short: LineShort) -> contract.OrderLineShort:
    return contract.OrderLineShort(
        order_id=order.order_id,
        reservation_id=_promised(order),
        location_id=short.location_id,
        lines=_quantities(short.lines),
        reason=short.reason,
    )


def _shipped(order: Order, shipped: Shipped) -> contract.OrderShipped:
    return contract.OrderShipped(
        order_id=order.order_id,
        reservation_id=_promised(order),
        shipment_id=shipped.shipment_id,
        location_id=shipped.location_id,
        lines=_quantities(shipped.lines),
        carrier=shipped.carrier,
        tracking=shipped.tracking,
    )


def _returned(order: Order, returned: Returned) -> contract.OrderReturned:
    return contract.OrderReturned(
        order_id=order.order_id,
        return_id=returned.return_id,
        location_id=returned.location_id,
        lines=[contract.ReturnedLine.model_validate(units, from_attributes=True) for units in returned.lines],
        reason=returned.reason,
        receipt=None if returned.receipt is None else _receipt(returned.receipt),
    )


def _return_exceeded(order: Order, exceeded: ReturnExceeded) -> order_returns.OrderReturnExceeded:
    return order_returns.OrderReturnExceeded(
        order_id=order.order_id,
        location_id=exceeded.receipt.location_id,
        receipt=_receipt(exceeded.receipt),
        lines=_quantities(exceeded.lines),
    )


def _receipt(receipt: Receipt) -> ReceiptName:
    return ReceiptName.model_validate(receipt, from_attributes=True)


def _completed(order: Order, _: Completed) -> contract.OrderCompleted:
    return contract.OrderCompleted(order_id=order.order_id, channel=order.channel)


def _withdrawn(order: Order, _: Withdrawn) -> slots.OrderWithdrawn:
    return slots.OrderWithdrawn(order_id=order.order_id, channel=order.channel)


def _quantities(lines: Mapping[str, int]) -> list[SkuQuantity]:
    return [SkuQuantity(sku=sku, quantity=units) for sku, units in lines.items()]


def _allocations(promises: Iterable[Promise]) -> list[Allocation]:
    return [Allocation(sku=sku, location_id=location_id, quantity=units) for sku, location_id, units in promises]


def _promised(order: Order) -> str:
    """The reservation of an order that was granted."""
    if order.reservation_id is None:
        raise ValueError(f"order {order.order_id} has no reservation")
    return order.reservation_id


_TOLD: Mapping[type[Happening], tuple[EventType[Any], Callable[[Order, Any], Any]]] = {
    Confirmed: (contract.CONFIRMED, _confirmed),
    Backordered: (BACKORDERED, _backordered),
    Rejected: (contract.REJECTED, _rejected),
    Cancelled: (contract.CANCELLED, _cancelled),
    ReallocationRequested: (contract.REALLOCATION_REQUESTED, _reallocation_requested),
    ReassignmentRequested: (reassignments.REQUESTED, _reassignment_requested),
    Amended: (AMENDED, _amended),
    Resourced: (contract.RESOURCED, _resourced),
    LineShort: (contract.LINE_SHORT, _line_short),
    Shipped: (contract.SHIPPED, _shipped),
    Returned: (contract.RETURNED, _returned),
    ReturnExceeded: (order_returns.EXCEEDED, _return_exceeded),
    Completed: (contract.COMPLETED, _completed),
    Withdrawn: (slots.WITHDRAWN, _withdrawn),
}
