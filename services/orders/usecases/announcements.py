"""How what happened to orders is announced."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from pydantic import TypeAdapter

from services.orders.domain.orders import (
    Cancelled,
    Completed,
    Confirmed,
    Happening,
    Order,
    Rejected,
    Returned,
    Shipped,
    touched,
)
from shared.contracts import orders as contract
from shared.contracts.event import DataT, Event, EventType
from shared.contracts.orders import Fulfilment
from shared.contracts.reservations import Shortage
from shared.contracts.values import Allocation, SkuQuantity
from shared.database import Transaction
from shared.identifiers import new_id
from shared.outbox import announce

SOURCE = "/orders"


_FULFILMENT: TypeAdapter[Fulfilment] = TypeAdapter(Fulfilment)


def announce_happenings(transaction: Transaction, orders: Iterable[Order], now: datetime) -> None:
    """Announce all that happened to the orders in this transaction, each order's in its order."""
    events = [_event(order, happening, now) for order in touched(orders) for happening in order.happenings]
    announce(transaction, events)


def _event(order: Order, happening: Happening, now: datetime) -> Event:
    def told(kind: EventType[DataT], data: DataT) -> Event:
        return kind.event(data, event_id=new_id(), source=SOURCE, time=now)

    match happening:
        case Confirmed():
            return told(contract.CONFIRMED, _confirmed(order, happening))
        case Rejected():
            return told(contract.REJECTED, _rejected(order, happening))
        case Cancelled():
            return told(contract.CANCELLED, _cancelled(order, happening))
        case Shipped():
            return told(contract.SHIPPED, _shipped(order, happening))
        case Returned():
            return told(contract.RETURNED, _returned(order, happening))
        case Completed():
            data = contract.OrderCompleted(order_id=order.order_id, channel=order.channel)
            return told(contract.COMPLETED, data)


def _confirmed(order: Order, confirmed: Confirmed) -> contract.OrderConfirmed:
    return contract.OrderConfirmed(
        order_id=order.order_id,
        channel=order.channel,
        member_id=order.member_id,
        reservation_id=_promised(order),
        fulfilment=_FULFILMENT.validate_json(order.fulfilment),
        allocations=[
            Allocation(sku=sku, location_id=location_id, quantity=units)
            for sku, location_id, units in confirmed.promised
        ],
    )


def _rejected(order: Order, rejected: Rejected) -> contract.OrderRejected:
    shortages = [
        Shortage(sku=shortage.sku, requested=shortage.requested, available=shortage.available)
        for shortage in rejected.shortages
    ]
    return contract.OrderRejected(order_id=order.order_id, channel=order.channel, shortages=shortages)


def _cancelled(order: Order, cancelled: Cancelled) -> contract.OrderCancelled:
    return contract.OrderCancelled(
        order_id=order.order_id,
        channel=order.channel,
        reservation_id=order.reservation_id,
        lines=_quantities(cancelled.lines),
        complete=cancelled.complete,
        reason=cancelled.reason,
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
    )


def _quantities(lines: Mapping[str, int]) -> list[SkuQuantity]:
    return [SkuQuantity(sku=sku, quantity=units) for sku, units in lines.items()]


def _promised(order: Order) -> str:
    """The reservation of an order that was granted."""
    if order.reservation_id is None:
        raise ValueError(f"order {order.order_id} has no reservation")
    return order.reservation_id
