"""What the channels of a batch may see of the stock that it asks for."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from services.inventory.domain.channels import Bounds, Channel, Pool, bounds, caps, pools, speaks_of_groups, uncapped
from services.inventory.domain.levels import Key
from services.inventory.store import channels as store
from shared.database import Connection
from shared.errors import DomainError

Asked = Mapping[str, Collection[Key]]
"""The keys that each channel asks for."""


@dataclass(frozen=True, slots=True)
class Restrictions:
    """The known channels, the bounds of those that have limits, and what is left of the caps in them.

    A channel that is not known may see everything.
    """

    channels: Mapping[str, Channel] = field(default_factory=dict)
    bounds: Mapping[str, Mapping[Key, Bounds]] = field(default_factory=dict)
    left: dict[Pool, int] = field(default_factory=dict)

    def refusal(self, channel: str) -> DomainError | None:
        """Why this channel may promise nothing at all; None where it may."""
        known = self.channels.get(channel)
        if known is None or known.open:
            return None
        return DomainError("channel_closed", f"The channel {channel} is closed; ask again when it is open.")

    def bounds_of(self, channel: str) -> Mapping[Key, Bounds]:
        return self.bounds.get(channel, {})


async def restrictions(connection: Connection, known: Collection[str], asked: Asked, *, locked: bool) -> Restrictions:
    """What holds for those of the channels that are known, `locked` where it decides a promise: levels come before.

    Without known channels nothing is asked of the database.
    """
    if not known:
        return Restrictions()
    found = await store.get(connection, known)
    limited = {name: channel for name, channel in found.items() if channel.limits}
    places = {
        place
        for name, channel in limited.items()
        if speaks_of_groups(channel.limits)
        for place, _ in asked.get(name, ())
    }
    groups = await store.groups(connection, places) if places else {}
    bounded = {name: bounds(channel.limits, groups, asked.get(name, ())) for name, channel in limited.items()}
    return Restrictions(found, bounded, await _left(connection, limited, bounded, locked=locked))


async def restrictions_of_moves(
    connection: Connection, known: Collection[str], asked: Asked
) -> Mapping[str, Mapping[Key, Bounds]]:
    """What holds where promises move to other places: whether their channel is closed or at its cap does not matter.

    They were promised before, and counted.
    """
    rules = await restrictions(connection, known, asked, locked=False)
    return {name: uncapped(found) for name, found in rules.bounds.items()}


async def _left(
    connection: Connection,
    limited: Mapping[str, Channel],
    bounded: Mapping[str, Mapping[Key, Bounds]],
    *,
    locked: bool,
) -> dict[Pool, int]:
    """What may still be promised of each pool; below 0 where a cap was lowered under what was promised."""
    asked = {pool: name for name, found in bounded.items() for pool in pools(found.values())}
    if not asked:
        return {}
    promised = await (store.lock_promised(connection, asked) if locked else store.promised(connection, asked))
    allowed = {cap_id: units for channel in limited.values() for cap_id, units in caps(channel.limits).items()}
    return {pool: allowed[pool[0]] - promised.get(pool, 0) for pool in asked}
