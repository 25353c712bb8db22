"""A pickup: one bag at one counter for one order."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal, NamedTuple

from services.pickup.domain.states import OPEN, State
from services.pickup.domain.transfers import Transfer, TransferState


@dataclass(frozen=True, slots=True)
class Line:
    """One item of a bag, in units.

    `quantity` was ordered; `short` was not found on the shelf, `cancelled` was taken off by the order, `picked` lies in
    the bag. `echo_due` are the units that this pickup itself gave up: orders will cancel them in answer, and that
    answer must not take further units off. `arriving` units come from other places and are not at the store yet.
    """

    sku: str
    quantity: int
    picked: int = 0
    short: int = 0
    cancelled: int = 0
    echo_due: int = 0
    arriving: int = 0

    @property
    def wanted(self) -> int:
        return self.quantity - self.short - self.cancelled

    @property
    def unpicked(self) -> int:
        """Units that can be picked now."""
        return self.wanted - self.arriving - self.picked


class Units(NamedTuple):
    """So many units of one item."""

    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Pickup:
    """`due_at` is when it should be ready, `held_until` when a ready one lapses, `closed_at` when it ended.

    `collector` is who may come instead of the customer, `collected_by` who came where it was not the customer;
    `round_id` the pick round that it is picked in. A rating is its `stars`, 1 to 5, the customer's `words` and when.
    `ship_to_store` tells that other places may send what the store has not; `transfers` are what they were asked for.
    """

    pickup_id: str
    order_id: str
    reservation_id: str
    location_id: str
    lines: tuple[Line, ...]
    due_at: datetime
    requested_at: datetime
    state: State = "requested"
    started_at: datetime | None = None
    ready_at: datetime | None = None
    held_until: datetime | None = None
    closed_at: datetime | None = None
    code: str | None = None
    wrong_tries: int = 0
    locked_until: datetime | None = None
    reason: str | None = None
    late_at: datetime | None = None
    remind_at: datetime | None = None
    reminded_at: datetime | None = None
    bag_location: str | None = None
    collector: str | None = None
    collected_by: str | None = None
    round_id: str | None = None
    stars: int | None = None
    words: str | None = None
    rated_at: datetime | None = None
    ship_to_store: bool = False
    transfers: tuple[Transfer, ...] = ()

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def wanted(self) -> tuple[Units, ...]:
        """What is still to be handed over, or was."""
        return tuple(Units(line.sku, line.wanted) for line in self.lines if line.wanted)

    @property
    def unpicked(self) -> tuple[Units, ...]:
        return tuple(Units(line.sku, line.unpicked) for line in self.lines if line.unpicked)

    @property
    def arriving(self) -> tuple[Units, ...]:
        return tuple(Units(line.sku, line.arriving) for line in self.lines if line.arriving)

    @property
    def awaits_answer(self) -> bool:
        """Whether other places are asked for what the store has not found, and its order has not said yet."""
        return self.ship_to_store and any(line.echo_due for line in self.lines)

    def transfer(self, transfer_id: str) -> Transfer:
        """Raises StopIteration where the bag has no such transfer."""
        return next(transfer for transfer in self.transfers if transfer.transfer_id == transfer_id)

    def transfers_in(self, state: TransferState) -> list[Transfer]:
        return [transfer for transfer in self.transfers if transfer.state == state]

    def transfers_from(self, location_id: str, state: TransferState | None = None) -> list[Transfer]:
        """Those of a place, in this state or in any."""
        known = self.transfers if state is None else self.transfers_in(state)
        return [transfer for transfer in known if transfer.from_location_id == location_id]

    def with_transfers(self, changed: Iterable[Transfer]) -> "Pickup":
        """The pickup with these of its transfers as they are now."""
        by_id = {transfer.transfer_id: transfer for transfer in changed}
        return replace(self, transfers=tuple(by_id.get(known.transfer_id, known) for known in self.transfers))

    def line(self, sku: str) -> Line | None:
        return next((line for line in self.lines if line.sku == sku), None)

    def with_line(self, changed: Line) -> "Pickup":
        return replace(self, lines=tuple(changed if line.sku == changed.sku else line for line in self.lines))

    def given_up(self, now: datetime) -> "Pickup":
        """The pickup with everything that was still wanted marked as given up by itself."""
        lines = (replace(line, echo_due=line.echo_due + line.wanted, arriving=0) for line in self.lines)
        return replace(self, lines=tuple(lines), transfers=tuple(known.let_go(now) for known in self.transfers))


FactKind = Literal[
    "requested", "picking", "line_short", "ready", "collected", "expired", "cancelled", "late", "reminded", "rated"
]


class Fact(NamedTuple):
    """What a decision made true, for others to know; `units` are those that it is about."""

    kind: FactKind
    units: tuple[Units, ...]
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a step was not taken: a stable code, words for a person, further members for a program."""

    code: str
    detail: str
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """The pickup as it is from now on, what that made true, and the refusal if the step was not taken.

    A refusal may change the pickup all the same: a wrong code counts.
    """

    pickup: Pickup
    facts: tuple[Fact, ...] = ()
    refusal: Refusal | None = None


def refused(pickup: Pickup, code: str, detail: str, **extra: object) -> Decision:
    """The step is not taken; further members are for a program."""
    return Decision(pickup, refusal=Refusal(code, detail, extra))
