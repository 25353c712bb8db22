"""Slots: asked for with the order, and what pickup answers."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from services.orders.domain import slots
from services.orders.domain.orders import Cause, Order
from services.orders.domain.rejections import Rejection
from services.orders.usecases.announcements import SOURCE
from shared.contracts.event import Event
from shared.contracts.orders import OrderLine, PickupFulfilment, ShipFulfilment
from shared.contracts.slots import REQUESTED, OrderSlotRequested, SlotRefused
from shared.identifiers import new_id


class Placed(Protocol):
    """An order that was placed, as far as slots go."""

    @property
    def order_id(self) -> str: ...
    @property
    def lines(self) -> Sequence[OrderLine]: ...
    @property
    def fulfilment(self) -> PickupFulfilment | ShipFulfilment: ...


def slot_requests(placed: Iterable[Placed], now: datetime) -> list[Event]:
    """What pickup is asked for these orders; nothing for those that name no slot."""
    wishes = (_wish(order.order_id, order.fulfilment, len(order.lines)) for order in placed)
    return [REQUESTED.event(wish, event_id=new_id(), source=SOURCE, time=now) for wish in wishes if wish is not None]


def take_slot(order: Order, _: Any, cause: Cause) -> None:
    slots.take_slot(order, cause)


def refuse_slot(order: Order, refused: SlotRefused, cause: Cause) -> None:
    more: Mapping[str, Any] = {"next_slots": [slot.model_dump(mode="json") for slot in refused.next_slots]}
    slots.refuse_slot(order, Rejection(refused.code, refused.reason, more), cause)


def _wish(order_id: str, wanted: PickupFulfilment | ShipFulfilment, lines: int) -> OrderSlotRequested | None:
    if not isinstance(wanted, PickupFulfilment) or wanted.slot is None:
        return None
    return OrderSlotRequested(
        order_id=order_id, location_id=wanted.location_id, starts_at=wanted.slot.starts_at, lines=lines
    )
