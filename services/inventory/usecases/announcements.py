"""How reservations are announced."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from services.inventory.domain.backorders import Owed
from services.inventory.domain.levels import Key
from services.inventory.domain.reallocation import Decision
from services.inventory.domain.reassignment import Decision as Reassignment
from services.inventory.domain.reservations import Line, Move
from services.inventory.domain.transfers import Departed
from services.inventory.store.reservations import Reservation
from services.inventory.usecases.levels import SOURCE
from shared.contracts.event import Event, EventType
from shared.contracts.reassignments import REASSIGNED, ReservationReassigned
from shared.contracts.reservations import (
    BACKORDERED,
    HELD,
    REALLOCATED,
    REJECTED,
    MovedUnits,
    ReservationChanged,
    ReservationReallocated,
    ReservationRejected,
    Shortage,
)
from shared.contracts.transfers import TRANSFERRED, ReservationTransferred
from shared.errors import DomainError, InvalidRequest
from shared.identifiers import new_id


def reservation_changed(
    kind: EventType[ReservationChanged], reservation: Reservation, now: datetime, moves: Sequence[Move] = ()
) -> Event:
    """The reservation after a change; `moves` are the units that this change fulfilled or released."""
    return kind.made_of(
        _reservation(reservation, moves), key=reservation.reference, event_id=new_id(), source=SOURCE, time=now
    )


def promised(reservation: Reservation, now: datetime) -> Event:
    """What a reservation holds, given back units left out, and what is still to come where that is not all."""
    members = _reservation(reservation, ())
    members["allocations"] = [_units(line, line.open) for line in reservation.lines if line.open]
    if reservation.state != "backordered":
        return HELD.made_of(members, key=reservation.reference, event_id=new_id(), source=SOURCE, time=now)
    dates = [owed.promised_by for owed in reservation.owed if owed.open]
    known = [date for date in dates if date is not None]
    members["awaited"] = awaited(reservation)
    if len(known) == len(dates):
        members["promised_by"] = max(known)
    return BACKORDERED.made_of(members, key=reservation.reference, event_id=new_id(), source=SOURCE, time=now)


def awaited(reservation: Reservation) -> list[dict[str, Any]]:
    """`AwaitedUnits`, as their members."""
    return [
        _units(owed, owed.open) | ({} if owed.promised_by is None else {"promised_by": owed.promised_by})
        for owed in reservation.owed
        if owed.open
    ]


def _reservation(reservation: Reservation, moves: Sequence[Move]) -> dict[str, Any]:
    """A `ReservationChanged`, as its members."""
    members: dict[str, Any] = {
        "reservation_id": reservation.reservation_id,
        "reference": reservation.reference,
        "channel": reservation.channel,
        "state": reservation.state,
        "allocations": [_units(line, line.quantity) for line in reservation.promised],
        "moved": [_units(move.line, move.quantity) for move in moves],
    }
    if reservation.expires_at is not None:
        members["expires_at"] = reservation.expires_at
    return members


def _units(line: Line | Owed, quantity: int) -> dict[str, Any]:
    """An `Allocation`, as its members."""
    return {"sku": line.sku, "location_id": line.location_id, "quantity": quantity}


def reservation_reallocated(reservation: Reservation, short: Key, decision: Decision, now: datetime) -> Event:
    """What became of units that were wanted from elsewhere than `short`."""
    location_id, sku = short
    data = ReservationReallocated.model_validate(
        {
            "reservation_id": reservation.reservation_id,
            "reference": reservation.reference,
            "channel": reservation.channel,
            "state": reservation.state,
            "allocations": [_units(line, line.quantity) for line in reservation.promised],
            "sku": sku,
            "location_id": location_id,
            "moved": [
                MovedUnits(
                    sku=sku, from_location_id=location_id, to_location_id=share.location_id, quantity=share.quantity
                )
                for share in decision.shares
            ],
            "short": decision.short,
            "kept": decision.kept,
        }
    )
    return REALLOCATED.event(data, event_id=new_id(), source=SOURCE, time=now)


def reservation_reassigned(reservation: Reservation, refused_by: str, decision: Reassignment, now: datetime) -> Event:
    """What became of units that a place will not give."""
    data = ReservationReassigned.model_validate(
        {
            "reservation_id": reservation.reservation_id,
            "reference": reservation.reference,
            "channel": reservation.channel,
            "state": reservation.state,
            "allocations": [_units(line, line.quantity) for line in reservation.promised],
            "location_id": refused_by,
            "moved": [
                MovedUnits(
                    sku=share.sku,
                    from_location_id=refused_by,
                    to_location_id=share.location_id,
                    quantity=share.quantity,
                )
                for share in decision.shares
            ],
            "short": [{"sku": sku, "quantity": units} for sku, units in decision.short.items()],
            "kept": [{"sku": sku, "quantity": units} for sku, units in decision.kept.items()],
        }
    )
    return REASSIGNED.event(data, event_id=new_id(), source=SOURCE, time=now)


def reservation_transferred(reservation: Reservation, departed: Sequence[Departed], now: datetime) -> Event:
    """Promised units have left one place for another."""
    data = ReservationTransferred.model_validate(
        {
            "reservation_id": reservation.reservation_id,
            "reference": reservation.reference,
            "channel": reservation.channel,
            "state": reservation.state,
            "allocations": [_units(line, line.quantity) for line in reservation.promised],
            "moved": [
                MovedUnits(
                    sku=departure.into.sku,
                    from_location_id=departure.out_of.location_id,
                    to_location_id=departure.into.location_id,
                    quantity=departure.quantity,
                )
                for departure in departed
            ],
        }
    )
    return TRANSFERRED.event(data, event_id=new_id(), source=SOURCE, time=now)


def rejected(
    reservation_id: str, reference: str, channel: str, lines: Mapping[str, int], refusal: DomainError, now: datetime
) -> Event:
    """Nothing was held. Where an item or a place is unknown or the channel is closed, every line falls short."""
    shortages = refusal.extra.get("shortages") or [
        {"sku": sku, "requested": quantity, "available": 0} for sku, quantity in lines.items()
    ]
    data = ReservationRejected(
        reservation_id=reservation_id,
        reference=reference,
        channel=channel,
        shortages=[Shortage(**shortage) for shortage in shortages],
        code="insufficient_stock" if isinstance(refusal, InvalidRequest) else refusal.code,
        detail=refusal.detail,
    )
    return REJECTED.event(data, event_id=new_id(), source=SOURCE, time=now)
