"""Channels: where demand comes from, and what each may see of the stock."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from itertools import chain
from typing import NamedTuple

from services.inventory.domain.levels import Key

Pool = tuple[str, str]
"""(cap_id, sku): all units of an item that count against one cap."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What a channel may not see: at the places of a group or everywhere, of one item or of every item by itself.

    `cap_id` names the cap, from when it was set (`cap_since`) until it is taken away; its number may change.
    """

    location_group: str | None = None
    sku: str | None = None
    buffer: int | None = None
    share: Decimal | None = None
    cap: int | None = None
    cap_id: str | None = None
    cap_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Channel:
    """`hold_seconds` is how long its reservations are held; None where the service's own time holds."""

    channel: str
    name: str
    open: bool
    hold_seconds: int | None
    limits: Sequence[Limit]


class Bounds(NamedTuple):
    """What holds for one item at one place; `pool` names what its units count against, where they are capped."""

    buffer: int = 0
    share: Decimal | None = None
    pool: Pool | None = None


UNBOUNDED = Bounds()


def with_caps_kept(
    limits: Iterable[Limit], before: Iterable[Limit], now: datetime, new_ids: Iterable[str]
) -> list[Limit]:
    """New limits in the place of those before: a cap for the same group and item goes on counting, another begins."""
    known = {(limit.location_group, limit.sku): limit for limit in before if limit.cap is not None}
    ids = iter(new_ids)
    kept = []
    for limit in limits:
        old = known.get((limit.location_group, limit.sku))
        if limit.cap is None:
            kept.append(limit)
        elif old is not None:
            kept.append(replace(limit, cap_id=old.cap_id, cap_since=old.cap_since))
        else:
            kept.append(replace(limit, cap_id=next(ids), cap_since=now))
    return kept


def speaks_of_groups(limits: Iterable[Limit]) -> bool:
    return any(limit.location_group is not None for limit in limits)


def bounds(limits: Sequence[Limit], groups: Mapping[str, Collection[str]], keys: Iterable[Key]) -> dict[Key, Bounds]:
    """What the limits come to at each of the keys; `groups` are those of the keys' places.

    Buffer, share and cap are looked up each by itself. A limit for the item goes before one for every item, then one
    for a group before one for everywhere, then the one that stands first.
    """
    by_sku: dict[str | None, list[Limit]] = defaultdict(list)
    for limit in sorted(limits, key=_rank):
        by_sku[limit.sku].append(limit)
    found: dict[Key, Bounds] = {}
    for place, sku in keys:
        here = [
            limit
            for limit in chain(by_sku.get(sku, ()), by_sku[None])
            if limit.location_group is None or limit.location_group in groups.get(place, ())
        ]
        found[place, sku] = Bounds(
            next((limit.buffer for limit in here if limit.buffer is not None), 0),
            next((limit.share for limit in here if limit.share is not None), None),
            next(((limit.cap_id, sku) for limit in here if limit.cap_id is not None), None),
        )
    return found


def _rank(limit: Limit) -> bool:
    """Of limits for the same items: those for a group come first."""
    return limit.location_group is None


def uncapped(found: Mapping[Key, Bounds]) -> dict[Key, Bounds]:
    """The same without caps: for units that have been counted already."""
    return {key: at._replace(pool=None) for key, at in found.items()}


def pools(found: Iterable[Bounds]) -> set[Pool]:
    """The pools that promises under these bounds may be taken from."""
    return {at.pool for at in found if at.pool is not None}


def caps(limits: Iterable[Limit]) -> dict[str, int]:
    """The units that each cap allows, by its id."""
    return {limit.cap_id: limit.cap for limit in limits if limit.cap_id is not None and limit.cap is not None}
