"""How reservations are announced."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import cast

from services.inventory.domain.reservations import Move
from services.inventory.store.reservations import Reservation
from services.inventory.usecases.levels import SOURCE
from shared.contracts.event import Event, EventType
from shared.contracts.reservations import REJECTED, ReservationChanged, ReservationRejected, ReservationState, Shortage
from shared.contracts.values import Allocation
from shared.errors import DomainError
from shared.identifiers import new_id


def reservation_changed(
    kind: EventType[ReservationChanged], reservation: Reservation, now: datetime, moves: Sequence[Move] = ()
) -> Event:
    """The reservation after a change; `moves` are the units that this change fulfilled or released."""
    data = ReservationChanged.model_construct(
        reservation_id=reservation.reservation_id,
        reference=reservation.reference,
        channel=reservation.channel,
        state=cast(ReservationState, reservation.state),
        expires_at=reservation.expires_at,
        allocations=[_allocation(line.sku, line.location_id, line.quantity) for line in reservation.lines],
        moved=[_allocation(move.line.sku, move.line.location_id, move.quantity) for move in moves],
    )
    return kind.event(data, event_id=new_id(), source=SOURCE, time=now)


def _allocation(sku: str, location_id: str, quantity: int) -> Allocation:
    return Allocation.model_construct(sku=sku, location_id=location_id, quantity=quantity)


def rejected(
    reservation_id: str, reference: str, channel: str, lines: Mapping[str, int], refusal: DomainError, now: datetime
) -> Event:
    """Nothing was held. Where an item or a place is unknown, every line falls short."""
    shortages = refusal.extra.get("shortages") or [
        {"sku": sku, "requested": quantity, "available": 0} for sku, quantity in lines.items()
    ]
    data = ReservationRejected(
        reservation_id=reservation_id,
        reference=reference,
        channel=channel,
        shortages=[Shortage(**shortage) for shortage in shortages],
    )
    return REJECTED.event(data, event_id=new_id(), source=SOURCE, time=now)
