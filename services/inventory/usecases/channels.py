"""Channels: kept as they are told, and announced to whoever sells through them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.inventory.domain.channels import Channel, Limit, with_caps_kept
from services.inventory.store import channels as store
from shared.contracts.channels import CHANGED, ChannelChanged
from shared.contracts.event import Event
from shared.database import Transaction
from shared.errors import DomainError
from shared.identifiers import new_id
from shared.outbox import announce

SOURCE = "/inventory"


@dataclass(frozen=True, slots=True)
class PutChannel:
    """A channel as it is to be. Without `open` it stays as it is, and a new one is open."""

    channel: str
    name: str
    open: bool | None
    hold_seconds: int | None
    limits: Sequence[Limit]


@dataclass(frozen=True, slots=True)
class Opening:
    """Asks for a channel to be open, or closed."""

    channel: str
    open: bool


async def put_channel(transaction: Transaction, wanted: PutChannel, now: datetime) -> tuple[Channel, bool]:
    """Store and announce the channel; it, and True where it is new."""
    before = (await store.lock(transaction, [wanted.channel])).get(wanted.channel)
    is_open = wanted.open if wanted.open is not None else before is None or before.open
    new_ids = (new_id() for _ in wanted.limits)
    limits = with_caps_kept(wanted.limits, before.limits if before is not None else (), now, new_ids)
    channel = Channel(wanted.channel, wanted.name, is_open, wanted.hold_seconds, limits)
    await store.put(transaction, channel, now)
    announce(transaction, [_changed(channel, now)])
    return channel, before is None


async def open_channels(
    transaction: Transaction, commands: Sequence[Opening], now: datetime
) -> list[Channel | DomainError]:
    """Open or close each, in their order; one that is so already is left alone."""
    found = await store.lock(transaction, {command.channel for command in commands})
    outcomes: list[Channel | DomainError] = []
    for command in commands:
        channel = found.get(command.channel)
        if channel is None:
            detail = f"There is no channel {command.channel}; put it first."
            outcomes.append(DomainError("not_found", detail))
            continue
        if channel.open != command.open:
            channel = found[command.channel] = replace(channel, open=command.open)
            await store.put(transaction, channel, now)
            announce(transaction, [_changed(channel, now)])
        outcomes.append(channel)
    return outcomes


def _changed(channel: Channel, now: datetime) -> Event:
    data = ChannelChanged.model_validate(channel, from_attributes=True)
    return CHANGED.event(data, event_id=new_id(), source=SOURCE, time=now)
