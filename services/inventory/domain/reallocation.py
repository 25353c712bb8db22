"""When a shelf has lost promised units: what becomes of those that their order wants from elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.inventory.domain.allocation import Request, Share, allocate, considered
from services.inventory.domain.channels import Bounds
from services.inventory.domain.levels import Key


@dataclass(frozen=True, slots=True)
class Wish:
    """So many units of one item, from these places in order of preference; none where there is no other place.

    `keep_back`, `tiers` and `bounds` are those of a request.
    """

    sku: str
    quantity: int
    policy: str
    candidates: Sequence[str]
    keep_back: Mapping[str, int] = field(default_factory=dict)
    tiers: Sequence[int] = ()
    bounds: Mapping[Key, Bounds] = field(default_factory=dict)

    def of(self, units: int) -> Request:
        """A request for so many of them."""
        return Request({self.sku: units}, self.policy, self.candidates, self.bounds, self.keep_back, self.tiers)


@dataclass(frozen=True, slots=True)
class Decision:
    """`shares` come from elsewhere, `short` from nowhere, `kept` from where they are promised now."""

    shares: Sequence[Share]
    short: int
    kept: int


def reallocate(wish: Wish, promised: int, shortfall: int, available: dict[Key, int]) -> Decision:
    """Move what is promised and not there, as far as the candidates have it; `available` is reduced by what is moved.

    A shelf that has recovered keeps its promises: no more units leave it than it lacks now.
    """
    lacking = min(wish.quantity, promised, shortfall)
    shares = _shares(wish, lacking, available)
    moved = sum(share.quantity for share in shares)
    return Decision(shares, lacking - moved, wish.quantity - lacking)


def _shares(wish: Wish, lacking: int, available: dict[Key, int]) -> Sequence[Share]:
    """As many units as the candidates can give; under `single_location` as many as one of them can."""
    wanted, sight = considered(wish.of(lacking), available, {})
    there = [sight.at(place, wish.sku) for place in wanted.candidates]
    most = max(there, default=0) if wish.policy == "single_location" else sum(there)
    units = min(lacking, most)
    if not units:
        return ()
    (decision,) = allocate([wish.of(units)], available)
    return decision.shares
