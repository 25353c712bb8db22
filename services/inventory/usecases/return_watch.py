"""Tills' returns, held against their sales: where more came back than was sold it is said, once for every unit.

A sale may be told after its return, so one that is not known yet is waited for.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from services.inventory.domain.returns import Standing, excess
from services.inventory.store import returns as store
from services.inventory.usecases.levels import SOURCE
from shared.contracts.event import Event
from shared.contracts.returns import EXCEEDED, ReturnExceeded
from shared.contracts.tills import ReceiptName
from shared.database import Transaction
from shared.identifiers import new_id
from shared.outbox import announce

LOOK_LIMIT = 100
"""So many lines of returns and voids are judged in one look."""


async def watch_returns(transaction: Transaction, patience: timedelta, now: datetime) -> bool:
    """Judge what is due; whether there may be more than one look takes. A sale is waited for for `patience`.

    One process looks at a time: another that wants to at this moment leaves it at that.
    """
    if not await store.look(transaction):
        return False
    rows = await store.due(transaction, now, LOOK_LIMIT)
    if not rows:
        return False
    standings = await store.standings(transaction, await store.sold_of(transaction, store.items_of(rows)))
    judged: list[store.Judged] = []
    events: list[Event] = []
    for row, item in zip(rows, store.items_of(rows), strict=True):
        standing = standings[item]
        waits_until = row.noted_at + patience
        units = excess(standing, names_sale=row.names_sale, sale_may_come=now < waits_until)
        judged.append(_judged(row, units, waits_until, now))
        if units:
            standings[item] = replace(standing, excess=standing.excess + units)
            events.append(_exceeded(row, standing, units, now))
    await store.judge(transaction, judged)
    announce(transaction, events)
    return len(rows) == LOOK_LIMIT


def _judged(row: Mapping[str, Any], units: int | None, waits_until: datetime, now: datetime) -> store.Judged:
    key = {name: row[name] for name in ("location_id", "till_id", "receipt_id", "sku", "source", "event_id", "line")}
    return store.Judged(
        **key,
        excess=units or 0,
        due_at=waits_until if units is None else now,
        judged_at=None if units is None else now,
    )


def _exceeded(row: Mapping[str, Any], standing: Standing, units: int, now: datetime) -> Event:
    data = ReturnExceeded(
        receipt=ReceiptName(location_id=row["location_id"], till_id=row["till_id"], receipt_id=row["receipt_id"]),
        sku=row["sku"],
        sold=standing.sold,
        came_back=standing.came_back,
        excess=units,
        location_id=row["returned_to"],
        as_of=now,
    )
    return EXCEEDED.event(data, event_id=new_id(), source=SOURCE, time=now)
