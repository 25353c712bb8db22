"""What an order says while it is repaired or changed: wants from elsewhere, answers taken, changes by the customer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.orders.domain.sourcing import Plan


@dataclass(frozen=True, slots=True)
class ReallocationRequested:
    """Units that are not at their place any more are wanted from elsewhere; without a `plan` there is no elsewhere."""

    reservation_id: str
    sku: str
    location_id: str
    quantity: int
    plan: Plan | None


@dataclass(frozen=True, slots=True)
class ReassignmentRequested:
    """Units by item that a place will not give are wanted from elsewhere; `together`: all from one place, or none."""

    reservation_id: str
    location_id: str
    lines: Mapping[str, int]
    plan: Plan
    together: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Moved:
    """Units of one item that are promised from another place than before."""

    sku: str
    from_location_id: str
    to_location_id: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Resourced:
    """Units come from other places. `fulfilment` (JSON) is there where the customer collects at another store now."""

    moved: Sequence[Moved]
    fulfilment: str | None = None


@dataclass(frozen=True, slots=True)
class LineShort:
    """Units by item that the shelf of a pickup order lacks: the counter gives them up, or has them in its bag."""

    location_id: str
    lines: Mapping[str, int]
    reason: str


@dataclass(frozen=True, slots=True)
class Amended:
    """The customer changed the order: `lines` are the units by item that stand now, `fulfilment` is JSON."""

    lines: Mapping[str, int]
    fulfilment: str
    reason: str
