"""Transfers: units that another place sends to the store where an order is collected.

    requested ──send──▶ sent ──receive──▶ received
        └──(nothing of it is wanted any more)──▶ cancelled

What has left arrives, whatever became of the order: units that nobody wants any more are free stock at the store.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

TransferState = Literal["requested", "sent", "received", "cancelled"]
TransferStep = Literal["send", "receive"]
TRANSITIONS: Mapping[TransferStep | Literal["let_go"], tuple[TransferState, TransferState]] = {
    "send": ("requested", "sent"),
    "receive": ("sent", "received"),
    "let_go": ("requested", "cancelled"),
}
"""Step → the state that a transfer must be in for it, and the one that it leads to."""
UNDER_WAY: frozenset[TransferState] = frozenset({"requested", "sent"})


@dataclass(frozen=True, slots=True)
class TransferLine:
    """One item, in units: `quantity` was asked for, `cancelled` of it the bag does not want any more, `sent` left."""

    sku: str
    quantity: int
    cancelled: int = 0
    sent: int = 0

    @property
    def wanted(self) -> int:
        return self.quantity - self.cancelled


@dataclass(frozen=True, slots=True)
class Transfer:
    """`due_at` is when it should be at the store."""

    transfer_id: str
    pickup_id: str
    from_location_id: str
    to_location_id: str
    lines: tuple[TransferLine, ...]
    due_at: datetime
    requested_at: datetime
    state: TransferState = "requested"
    sent_at: datetime | None = None
    closed_at: datetime | None = None

    @property
    def is_under_way(self) -> bool:
        return self.state in UNDER_WAY

    @property
    def sent(self) -> dict[str, int]:
        """The units by item that left."""
        return {line.sku: line.sent for line in self.lines if line.sent}

    def arriving(self, sku: str) -> int:
        """Units of the item that the bag waits for."""
        return sum(line.wanted for line in self.lines if line.sku == sku) if self.is_under_way else 0

    def without(self, units: Mapping[str, int], now: datetime) -> "Transfer":
        """The transfer when so many units of each item are not wanted any more; one of nothing is cancelled."""
        lines = tuple(
            replace(line, cancelled=line.cancelled + min(line.wanted, units.get(line.sku, 0))) for line in self.lines
        )
        begins, ends = TRANSITIONS["let_go"]
        is_over = self.state == begins and not any(line.wanted for line in lines)
        changed = replace(self, lines=lines)
        return replace(changed, state=ends, closed_at=now) if is_over else changed

    def let_go(self, now: datetime) -> "Transfer":
        """The transfer when nothing of it is wanted any more."""
        return self.without({line.sku: line.wanted for line in self.lines}, now) if self.is_under_way else self


def after(step: TransferStep) -> tuple[TransferState, TransferState]:
    """The state that a transfer must be in for the step, and the one that it leads to."""
    return TRANSITIONS[step]


def send(transfer: Transfer, now: datetime) -> Transfer:
    """A requested transfer that has left, with what is wanted of it."""
    lines = tuple(replace(line, sent=line.wanted) for line in transfer.lines)
    return replace(transfer, state=after("send")[1], lines=lines, sent_at=now)


def receive(transfer: Transfer, now: datetime) -> Transfer:
    """A sent transfer that is at the store."""
    return replace(transfer, state=after("receive")[1], closed_at=now)
