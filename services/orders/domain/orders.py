"""An order in memory: its units, what it was promised, and what this transaction did to it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from services.orders.domain.awaited import Awaited, Backordered
from services.orders.domain.rejections import Rejection, SlotState
from services.orders.domain.repairs import (
    Amended,
    LineShort,
    ReallocationRequested,
    ReassignmentRequested,
    Resourced,
)
from services.orders.domain.returns import Returned, ReturnExceeded
from services.orders.domain.states import Method, Standing, State, path, state_of

ENDED_WITHOUT_GOODS = frozenset({State.REJECTED, State.CANCELLED})
Promise = tuple[str, str, int]
"""(sku, location_id, quantity)"""


class Bag(IntEnum):
    """How far a pickup is. It only ever grows, so an event that comes late or twice changes nothing."""

    NONE = 0
    PICKING = 1
    READY = 2
    CLOSED = 3


@dataclass(slots=True, kw_only=True)
class Units:
    """Units of one item. quantity = open + cancelled + handed_over."""

    sku: str
    quantity: int
    cancelled: int = 0
    handed_over: int = 0
    is_changed: bool = False

    @property
    def open(self) -> int:
        return self.quantity - self.cancelled - self.handed_over

    def cancel(self, quantity: int) -> int:
        """Cancel up to `quantity` open units; how many it were."""
        taken = min(self.open, quantity)
        self.cancelled += taken
        self.is_changed |= taken > 0
        return taken

    def hand_over(self, quantity: int) -> int:
        """Hand up to `quantity` units over; how many it were. A fact: it takes cancelled units where none is open."""
        taken = min(self.quantity - self.handed_over, quantity)
        self.handed_over += taken
        self.cancelled = min(self.cancelled, self.quantity - self.handed_over)
        self.is_changed |= taken > 0
        return taken


@dataclass(slots=True, kw_only=True)
class Line(Units):
    """What was ordered of one item; `returned` units were handed over before."""

    returned: int = 0

    def take_back(self, quantity: int) -> None:
        self.returned += quantity
        self.is_changed = True


@dataclass(slots=True, kw_only=True)
class Share(Units):
    """What is promised of one item from one place.

    Of the cancelled units inventory has said of `released` ones that it has them back, where goods are sent to a store.
    """

    location_id: str
    released: int = 0

    def move_to(self, other: "Share", quantity: int) -> int:
        """Promise up to `quantity` open units from the other place instead; how many it were."""
        taken = min(self.open, quantity)
        self.quantity -= taken
        other.quantity += taken
        self.is_changed = other.is_changed = True
        return taken

    def move_cancelled_to(self, other: "Share", quantity: int) -> int:
        """Count up to `quantity` cancelled units at the other place instead; how many it were."""
        taken = max(0, min(self.cancelled, quantity))
        self.cancelled -= taken
        self.quantity -= taken
        other.cancelled += taken
        other.quantity += taken
        self.is_changed = other.is_changed = True
        return taken


@dataclass(frozen=True, slots=True)
class Shortage:
    sku: str
    requested: int
    available: int


@dataclass(frozen=True, slots=True)
class Cause:
    """Why an order moved: an event type or a command, and the reason that came with it."""

    name: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A row of the timeline."""

    state: State
    cause: Cause


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The order stands."""

    promised: Sequence[Promise]


@dataclass(frozen=True, slots=True)
class Rejected:
    """Nothing stands; without a `rejection` it is for want of stock."""

    shortages: Sequence[Shortage]
    rejection: Rejection | None = None


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Units per sku that will not be handed over; `complete`: no unit of the order is open any more.

    `released` are the promised units that come back; without a line where the customer knows of them already. `missed`
    are units that the store's counter misses, wherever the order believes them.
    """

    lines: Mapping[str, int]
    complete: bool
    reason: str
    released: Sequence[Promise] = ()
    missed: bool = False


@dataclass(frozen=True, slots=True)
class Shipped:
    shipment_id: str
    location_id: str
    lines: Mapping[str, int]
    carrier: str | None
    tracking: str | None


@dataclass(frozen=True, slots=True)
class Completed:
    """All that was not cancelled was handed over."""


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The order had asked for a slot, and is at its end: whoever has granted it something takes that back."""


Happening = (
    Confirmed
    | Backordered
    | Rejected
    | Cancelled
    | ReallocationRequested
    | ReassignmentRequested
    | Resourced
    | Amended
    | LineShort
    | Shipped
    | Returned
    | ReturnExceeded
    | Completed
    | Withdrawn
)
"""What the rest of the house is told."""


@dataclass(slots=True, kw_only=True)
class Order:
    """An order under lock. `steps` and `happenings` are what this transaction adds to it.

    `fulfilment` is JSON. `awaited` is what is still to come, None where nothing is.
    `failed` are the places that have failed an item, by item, in the order in which they did.
    """

    order_id: str
    channel: str
    member_id: str | None
    method: Method
    fulfilment: str
    state: State
    lines: list[Line]
    shares: list[Share] = field(default_factory=list)
    reservation_id: str | None = None
    bag: Bag = Bag.NONE
    shortages: Sequence[Shortage] | None = None
    awaited: Sequence[Awaited] | None = None
    slot: SlotState | None = None
    rejection: Rejection | None = None
    failed: dict[str, list[str]] = field(default_factory=dict)
    state_before: State = field(init=False)
    fulfilment_before: str = field(init=False)
    steps: list[Step] = field(default_factory=list)
    happenings: list[Happening] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.state_before = self.state
        self.fulfilment_before = self.fulfilment

    def line(self, sku: str) -> Line | None:
        return next((line for line in self.lines if line.sku == sku), None)

    def share(self, sku: str, location_id: str) -> Share | None:
        return next((share for share in self.shares if (share.sku, share.location_id) == (sku, location_id)), None)

    def share_at(self, sku: str, location_id: str) -> Share:
        """The share at this place; a new one of no units where there was none."""
        share = self.share(sku, location_id)
        if share is None:
            share = Share(sku=sku, location_id=location_id, quantity=0)
            self.shares.append(share)
        return share

    def fail(self, skus: Iterable[str], location_id: str) -> None:
        """The place could not give these items. One that has failed an item is not asked for it again."""
        for sku in skus:
            places = self.failed.setdefault(sku, [])
            if location_id not in places:
                places.append(location_id)

    def was_failed_by(self, location_id: str) -> bool:
        return any(location_id in places for places in self.failed.values())

    @property
    def open_units(self) -> int:
        return sum(line.open for line in self.lines)

    @property
    def awaits_slot(self) -> bool:
        """Whether it cannot be confirmed yet, because pickup has not answered."""
        return self.slot == "wanted"

    @property
    def awaits_goods(self) -> bool:
        """Whether a part of it is still to come."""
        return self.awaited is not None

    def standing(self) -> Standing:
        return Standing(
            method=self.method,
            is_granted=self.reservation_id is not None and not self.awaits_slot,
            is_rejected=self.shortages is not None or self.rejection is not None,
            bag_is_ready=self.bag is Bag.READY,
            open_units=self.open_units,
            handed_over=sum(line.handed_over for line in self.lines),
            awaits_goods=self.awaits_goods,
        )

    def advance(self, cause: Cause) -> None:
        """Bring the state up to date and write the timeline: every state on the way, or a note where it stays."""
        after = state_of(self.standing())
        self.steps += [Step(state, cause) for state in path(self.state, after, self.method) or [after]]
        if after is State.COMPLETED and self.state is not State.COMPLETED:
            self.happenings.append(Completed())
        if self.slot is not None and after in ENDED_WITHOUT_GOODS and self.state not in ENDED_WITHOUT_GOODS:
            self.happenings.append(Withdrawn())
        if after is State.CANCELLED:
            self.awaited = None
        self.state = after


def touched(orders: Iterable[Order]) -> list[Order]:
    """Those that this transaction has moved."""
    return [order for order in orders if order.steps]
