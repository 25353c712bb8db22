"""How the tills are: who fell silent, and what never came, each announced once however many processes look."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from services.inventory.domain.tills import SKEW_WINDOW, identify
from services.inventory.store import till_health as store
from services.inventory.store import tills
from services.inventory.usecases.levels import SOURCE
from shared import telemetry
from shared.contracts.event import DataT, Event, EventType
from shared.contracts.till_health import (
    GAP_CLOSED,
    GAP_OPEN,
    HEARD_AGAIN,
    RANGES_LIMIT,
    SILENT,
    SequenceRange,
    TillGap,
    TillHeardAgain,
    TillSilent,
)
from shared.database import Connection, Transaction, ending
from shared.identifiers import new_id
from shared.outbox import announce

LOOK_LIMIT = 500
"""So many sources of each kind are dealt with in one look."""


@dataclass(frozen=True, slots=True)
class Watch:
    """What is too long. While nobody listened nobody was silent, so silence is counted from `listening_since` on."""

    silence: timedelta
    gap: timedelta
    listening_since: datetime


async def watch_tills(transaction: Transaction, watch: Watch, now: datetime) -> bool:
    """Look at all tills and announce what has changed; whether there is more than one look takes.

    One process looks at a time: another that wants to at this moment leaves it at that.
    """
    if not await store.look(transaction):
        return False
    found = await store.find_gaps(transaction, LOOK_LIMIT)
    closed = await store.close_gaps(transaction, LOOK_LIMIT)
    overdue = await store.report_gaps(transaction, now - watch.gap, now, LOOK_LIMIT)
    reused = await store.count_reused(transaction, LOOK_LIMIT)
    # From here on tills that speak may be locked, so it is the end.
    again = await store.heard_again(transaction, LOOK_LIMIT)
    silent = await _fall_silent(transaction, watch, now)
    turned = await store.turn_windows(transaction, now - SKEW_WINDOW, now, LOOK_LIMIT)

    counted = partial(telemetry.TILL_REUSED_SEQUENCES.inc, sum(row.reused for row in reused))
    ending(transaction).after_commit.append(counted)
    announce(
        transaction,
        [
            *_events(HEARD_AGAIN, again, _heard_again, now),
            *_events(SILENT, silent, _silent, now),
            *_events(GAP_OPEN, overdue, _gap, now),
            *_events(GAP_CLOSED, [gap for gap in closed if gap.reported_at is not None], _gap, now),
        ],
    )
    return LOOK_LIMIT in (len(again), len(silent), found, len(closed), len(overdue), len(reused), turned)


async def measure_tills(connection: Connection) -> None:
    """Bring the gauges up to date."""
    figures = await tills.figures(connection)
    telemetry.TILLS.set(figures.tills)
    telemetry.TILLS_SILENT.set(figures.silent)
    telemetry.TILLS_WITH_GAP.set(figures.with_gap)
    telemetry.TILL_MISSING_EVENTS.set(figures.missing_events)
    telemetry.TILL_LAG.set(max(0, figures.lag_seconds))
    telemetry.TILL_CLOCK_SKEW.set(figures.clock_skew_seconds)


async def _fall_silent(transaction: Transaction, watch: Watch, now: datetime) -> Sequence[Any]:
    before = now - watch.silence
    if watch.listening_since >= before:
        return []
    return await store.fall_silent(transaction, before, LOOK_LIMIT)


def _events(kind: EventType[DataT], rows: Sequence[Any], data: Callable[..., DataT], now: datetime) -> list[Event]:
    return [kind.event(data(row, **_till(row)), event_id=new_id(), source=SOURCE, time=now) for row in rows]


def _till(row: Any) -> dict[str, Any]:
    identity = identify(row.source)
    return {
        "location_id": row.location_id,
        "till_id": identity.till_id,
        "epoch": identity.epoch,
        "source": row.source,
    }


def _silent(row: Any, **till: Any) -> TillSilent:
    return TillSilent(**till, last_seen_at=row.last_seen_at, last_sequence=row.last_sequence)


def _heard_again(row: Any, **till: Any) -> TillHeardAgain:
    return TillHeardAgain(
        **till,
        silent_since=row.silent_since,
        last_seen_at=row.last_seen_at,
        replaced_by=row.speaking if row.speaking != row.source else None,
    )


def _gap(row: Any, **till: Any) -> TillGap:
    missing = tills.missing_ranges(row.missing)
    return TillGap(
        **till,
        open_since=row.open_since,
        missing_events=sum(last - first + 1 for first, last in missing),
        missing_sequences=[SequenceRange(first=first, last=last) for first, last in missing[:RANGES_LIMIT]],
    )
