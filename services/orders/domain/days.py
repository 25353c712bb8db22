"""Days as places have them: from midnight to midnight in their own time zone."""

from collections.abc import Mapping
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo


def day_starts(zones: Mapping[str, str | None], now: datetime) -> dict[str, datetime]:
    """The instant at which each place's day began, in UTC; where a time zone is not known, the day is one of UTC."""
    starts = {zone: _day_start(zone, now) for zone in set(zones.values())}
    return {location_id: starts[zone] for location_id, zone in zones.items()}


def _day_start(zone: str | None, now: datetime) -> datetime:
    clock = UTC if zone is None else ZoneInfo(zone)
    return datetime.combine(now.astimezone(clock).date(), time(), clock).astimezone(UTC)
