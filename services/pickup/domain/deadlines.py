"""What time makes of a pickup: when it is late, until when its bag is held, when its customer is reminded.

Without a calendar a store is taken to be always open.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from services.pickup.domain.calendar import Calendar
from services.pickup.domain.pickups import Decision, Fact, Pickup


def held_until(ready_at: datetime, hold: timedelta, calendar: Calendar | None) -> datetime:
    """The end of the opening in which the hold is over, or of the next one: nobody stands before a closed door."""
    ends_at = ready_at + hold
    return ends_at if calendar is None else calendar.closing_after(ends_at)


def remind_at(ready_at: datetime, held_until: datetime, lead: timedelta, calendar: Calendar | None) -> datetime | None:
    """So long before the end, or when the store opens next after that; None where that is no time between the two."""
    at = held_until - lead
    if calendar is not None and at < held_until:
        at = calendar.next_opening(at)
    return at if ready_at < at < held_until else None


def fall_late(pickup: Pickup, now: datetime) -> Decision:
    """It is past the time at which it was to be ready, and it is not; said once."""
    is_late = pickup.state in ("requested", "picking") and pickup.late_at is None and pickup.due_at <= now
    if not is_late:
        return Decision(pickup)
    return Decision(replace(pickup, late_at=now), (Fact("late", pickup.wanted),))


def remind(pickup: Pickup, now: datetime) -> Decision:
    """Its customer has not come, and the time to be reminded is there; said once, and not of a bag that has lapsed."""
    is_due = (
        pickup.state == "ready"
        and pickup.reminded_at is None
        and pickup.remind_at is not None
        and pickup.remind_at <= now
        and (pickup.held_until is None or now < pickup.held_until)
    )
    if not is_due:
        return Decision(pickup)
    return Decision(replace(pickup, reminded_at=now), (Fact("reminded", pickup.wanted),))
