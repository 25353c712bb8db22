"""The profiles of stores: when they are open, and how they make bags."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from services.pickup.domain.calendar import Calendar, Hours
from services.pickup.domain.stores import Store, without_profile
from shared.database import Transaction
from shared.statements import Statement

_PUT = Statement(
    """
    INSERT INTO stores AS known (location_id, opening_hours, exceptions, pickers, seconds_per_order, seconds_per_line,
        slot_capacity, changed_at)
    VALUES (:location_id, CAST(:opening_hours AS jsonb), CAST(:exceptions AS jsonb), :pickers, :seconds_per_order,
        :seconds_per_line, :slot_capacity, :now)
    ON CONFLICT (location_id) DO UPDATE SET opening_hours = excluded.opening_hours, exceptions = excluded.exceptions,
        pickers = excluded.pickers, seconds_per_order = excluded.seconds_per_order,
        seconds_per_line = excluded.seconds_per_line, slot_capacity = excluded.slot_capacity,
        changed_at = excluded.changed_at
    RETURNING xmax = 0 AS is_new
    """
)
_PROFILES = Statement(
    """
    SELECT asked.location_id, time_zone, opening_hours::text AS opening_hours, exceptions::text AS exceptions, pickers,
        seconds_per_order, seconds_per_line, slot_capacity
    FROM unnest(CAST(:location_ids AS text[])) AS asked (location_id)
        LEFT JOIN locations USING (location_id) LEFT JOIN stores USING (location_id)
    """
)
_WEEKLY: TypeAdapter[dict[int, list[tuple[time, time]]]] = TypeAdapter(dict[int, list[tuple[time, time]]])
_EXCEPTIONS: TypeAdapter[dict[date, list[tuple[time, time]]]] = TypeAdapter(dict[date, list[tuple[time, time]]])


@dataclass(frozen=True)
class Profile:
    """A store as it was put; `opening_hours` by weekday, Monday 0."""

    location_id: str
    opening_hours: Mapping[int, Hours]
    exceptions: Mapping[date, Hours]
    pickers: int
    seconds_per_order: float
    seconds_per_line: float
    slot_capacity: int | None
    time_zone: str | None = None
    """The location's own, as inventory tells it."""


async def put(transaction: Transaction, profile: Profile, now: datetime) -> bool:
    """Store the whole profile; True where the store had none."""
    rows = await _PUT.rows(
        transaction,
        location_id=profile.location_id,
        opening_hours=_WEEKLY.dump_json(_listed(profile.opening_hours)).decode(),
        exceptions=_EXCEPTIONS.dump_json(_listed(profile.exceptions)).decode(),
        pickers=profile.pickers,
        seconds_per_order=profile.seconds_per_order,
        seconds_per_line=profile.seconds_per_line,
        slot_capacity=profile.slot_capacity,
        now=now,
    )
    is_new: bool = rows[0].is_new
    return is_new


async def profiles(connection: AsyncConnection, location_ids: Collection[str]) -> list[Profile]:
    """Those of these stores that have one."""
    rows = await _PROFILES.rows(connection, location_ids=list(location_ids))
    return [_profile(row) for row in rows if row.pickers is not None]


async def stores(
    connection: AsyncConnection, location_ids: Collection[str], preparation: timedelta
) -> dict[str, Store]:
    """Each of these stores; one without a profile is always open and takes `preparation` for a bag."""
    rows = await _PROFILES.rows(connection, location_ids=list(location_ids))
    return {row.location_id: _store(row, preparation) for row in rows}


async def calendars(connection: AsyncConnection, location_ids: Collection[str]) -> dict[str, Calendar]:
    """When each of these stores is open; one without a profile always is."""
    known = await stores(connection, location_ids, timedelta())
    return {location_id: store.calendar for location_id, store in known.items()}


def _store(row: Any, preparation: timedelta) -> Store:
    time_zone = _zone(row.time_zone)
    if row.pickers is None:
        return without_profile(time_zone, preparation)
    profile = _profile(row)
    return Store(
        calendar=Calendar(time_zone, profile.opening_hours, profile.exceptions),
        per_order=timedelta(seconds=profile.seconds_per_order),
        per_line=timedelta(seconds=profile.seconds_per_line),
        pickers=profile.pickers,
        slot_capacity=profile.slot_capacity,
    )


def _profile(row: Any) -> Profile:
    return Profile(
        location_id=row.location_id,
        opening_hours=_WEEKLY.validate_json(row.opening_hours),
        exceptions=_EXCEPTIONS.validate_json(row.exceptions),
        pickers=row.pickers,
        seconds_per_order=row.seconds_per_order,
        seconds_per_line=row.seconds_per_line,
        slot_capacity=row.slot_capacity,
        time_zone=row.time_zone,
    )


def _zone(name: str | None) -> ZoneInfo:
    """UTC where inventory names none, or one of a newer time zone database than this machine's."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def _listed(hours: Mapping[Any, Hours]) -> dict[Any, list[tuple[time, time]]]:
    return {day: list(spans) for day, spans in hours.items()}
