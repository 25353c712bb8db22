"""How what happened to a pickup is announced."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from services.pickup.domain.pickups import Decision, Fact, FactKind, Pickup
from shared.contracts import pickups
from shared.contracts.event import Event, EventType
from shared.contracts.pickups import PickupChanged, PickupLineShort, PickupRated
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
    "late": pickups.LATE,
    "reminded": pickups.REMINDED,
}


def events(decisions: Iterable[Decision], now: datetime) -> list[Event]:
    """The events of all facts, in their order."""
    return [_event(decision.pickup, fact, now) for decision in decisions for fact in decision.facts]


def _event(pickup: Pickup, fact: Fact, now: datetime) -> Event:
    if fact.kind == "rated":
        rating = PickupRated.model_validate(pickup, from_attributes=True)
        return pickups.RATED.event(rating, event_id=new_id(), source=SOURCE, time=now)
    shared = {
        "pickup_id": pickup.pickup_id,
        "order_id": pickup.order_id,
        "reservation_id": pickup.reservation_id,
        "location_id": pickup.location_id,
        "lines": [SkuQuantity(sku=sku, quantity=quantity) for sku, quantity in fact.units],
        "reason": fact.reason,
    }
    if fact.kind == "line_short":
        short = PickupLineShort.model_validate({**shared, "is_last": not pickup.is_open})
        return pickups.LINE_SHORT.event(short, event_id=new_id(), source=SOURCE, time=now)
    held_until = pickup.held_until if fact.kind in ("ready", "reminded") else None
    more = {"due_at": pickup.due_at, "held_until": held_until, "collected_by": pickup.collected_by}
    changed = PickupChanged.model_validate({**shared, **more})
    return _CHANGED[fact.kind].event(changed, event_id=new_id(), source=SOURCE, time=now)
