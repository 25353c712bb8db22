"""How what happened to a pickup is announced."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from services.pickup.domain.pickups import Decision, Fact, FactKind, Pickup
from shared.contracts import pickups
from shared.contracts.event import Event, EventType
from shared.contracts.pickups import PickupChanged, PickupLineShort
from shared.contracts.values import SkuQuantity
from shared.identifiers import new_id

SOURCE = "/pickup"

_CHANGED: Mapping[FactKind, EventType[PickupChanged]] = {
    "requested": pickups.REQUESTED,
    "picking": pickups.PICKING,
    "ready": pickups.READY,
    "collected": pickups.COLLECTED,
    "expired": pickups.EXPIRED,
    "cancelled": pickups.CANCELLED,
}


def events(decisions: Iterable[Decision], now: datetime) -> list[Event]:
    """The events of all facts, in their order."""
    return [_event(decision.pickup, fact, now) for decision in decisions for fact in decision.facts]


def _event(pickup: Pickup, fact: Fact, now: datetime) -> Event:
    shared = {
        "pickup_id": pickup.pickup_id,
        "order_id": pickup.order_id,
        "reservation_id": pickup.reservation_id,
        "location_id": pickup.location_id,
        "lines": [SkuQuantity(sku=sku, quantity=quantity) for sku, quantity in fact.units],
        "reason": fact.reason,
    }
    if fact.kind == "line_short":
        short = PickupLineShort.model_validate(shared)
        return pickups.LINE_SHORT.event(short, event_id=new_id(), source=SOURCE, time=now)
    held_until = pickup.held_until if fact.kind == "ready" else None
    changed = PickupChanged.model_validate({**shared, "due_at": pickup.due_at, "held_until": held_until})
    return _CHANGED[fact.kind].event(changed, event_id=new_id(), source=SOURCE, time=now)
