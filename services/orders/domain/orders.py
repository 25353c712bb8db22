"""An order in memory: its units, what it was promised, and what this transaction did to it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from services.orders.domain.sourcing import Plan
from services.orders.domain.states import Method, Standing, State, path, state_of

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
    """What is promised of one item from one place."""

    location_id: str

    def move_to(self, other: "Share", quantity: int) -> int:
        """Promise up to `quantity` open units from the other place instead; how many it were."""
        taken = min(self.open, quantity)
        self.quantity -= taken
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
    shortages: Sequence[Shortage]


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Units per sku that will not be handed over; `complete`: no unit of the order is open any more.

    `released` are the promised units that come back; without a line where the customer knows of them already.
    """

    lines: Mapping[str, int]
    complete: bool
    reason: str
    released: Sequence[Promise] = ()


@dataclass(frozen=True, slots=True)
class ReallocationRequested:
    """Units that are not at their place any more are wanted from elsewhere; without a `plan` there is no elsewhere."""

    reservation_id: str
    sku: str
    location_id: str
    quantity: int
    plan: Plan | None


@dataclass(frozen=True, slots=True)
class Resourced:
    """Units of one item come from other places; `moved` is units by place."""

    sku: str
    location_id: str
    moved: Sequence[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class LineShort:
    """Units that the shelf of a pickup order lacks: the counter gives them up, or has them in its bag."""

    sku: str
    location_id: str
    quantity: int
    reason: str


@dataclass(frozen=True, slots=True)
class Shipped:
    shipment_id: str
    location_id: str
    lines: Mapping[str, int]
    carrier: str | None
    tracking: str | None


@dataclass(frozen=True, slots=True)
class ReturnedUnits:
    sku: str
    quantity: int
    condition: str


@dataclass(frozen=True, slots=True)
class Returned:
    return_id: str
    location_id: str
    lines: Sequence[ReturnedUnits]
    reason: str | None


@dataclass(frozen=True, slots=True)
class Completed:
    """All that was not cancelled was handed over."""


Happening = (
    Confirmed | Rejected | Cancelled | ReallocationRequested | Resourced | LineShort | Shipped | Returned | Completed
)
"""What the rest of the house is told."""


@dataclass(slots=True, kw_only=True)
class Order:
    """An order under lock. `steps` and `happenings` are what this transaction adds to it.

    `fulfilment` is JSON, as it was placed.
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
    state_before: State = field(init=False)
    steps: list[Step] = field(default_factory=list)
    happenings: list[Happening] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.state_before = self.state

    def line(self, sku: str) -> Line | None:
        return next((line for line in self.lines if line.sku == sku), None)

    def share(self, sku: str, location_id: str) -> Share | None:
        return next((share for share in self.shares if (share.sku, share.location_id) == (sku, location_id)), None)

    @property
    def open_units(self) -> int:
        return sum(line.open for line in self.lines)

    def standing(self) -> Standing:
        return Standing(
            method=self.method,
            is_granted=self.reservation_id is not None,
            is_rejected=self.shortages is not None,
            bag_is_ready=self.bag is Bag.READY,
            open_units=self.open_units,
            handed_over=sum(line.handed_over for line in self.lines),
        )

    def advance(self, cause: Cause) -> None:
        """Bring the state up to date and write the timeline: every state on the way, or a note where it stays."""
        after = state_of(self.standing())
        self.steps += [Step(state, cause) for state in path(self.state, after, self.method) or [after]]
        if after is State.COMPLETED and self.state is not State.COMPLETED:
            self.happenings.append(Completed())
        self.state = after


def touched(orders: Iterable[Order]) -> list[Order]:
    """Those that this transaction has moved."""
    return [order for order in orders if order.steps]
