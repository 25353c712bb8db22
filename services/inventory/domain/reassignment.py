"""When a place will not give what is promised from it: where else its units are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from services.inventory.domain.allocation import Request, Share, allocate, considered
from services.inventory.domain.levels import Key


@dataclass(frozen=True, slots=True)
class Refused:
    """Units by item that a place will not give, wanted as `elsewhere` says: its lines are what is wanted of it.

    `together`: from one place or from none.
    """

    elsewhere: Request
    together: bool = False

    @property
    def lines(self) -> Mapping[str, int]:
        return self.elsewhere.lines


@dataclass(frozen=True, slots=True)
class Decision:
    """`shares` come from elsewhere, `short` units by item from nowhere, `kept` are not promised there any more."""

    shares: Sequence[Share]
    short: Mapping[str, int]
    kept: Mapping[str, int]


def reassign(refused: Refused, promised: Mapping[str, int], available: dict[Key, int]) -> Decision:
    """Move what is still promised there; `available` is reduced by what is moved.

    All of it under the policy where that is possible; else, unless `together`, as much of each item as there is.
    """
    wanted = {sku: units for sku in refused.lines if (units := min(refused.lines[sku], promised.get(sku, 0)))}
    shares = _shares(refused, wanted, available)
    moved = {sku: sum(share.quantity for share in shares if share.sku == sku) for sku in wanted}
    return Decision(
        shares,
        {sku: units - moved[sku] for sku, units in wanted.items() if units > moved[sku]},
        {sku: kept for sku, units in refused.lines.items() if (kept := units - wanted.get(sku, 0))},
    )


def _shares(refused: Refused, wanted: Mapping[str, int], available: dict[Key, int]) -> Sequence[Share]:
    if not wanted:
        return ()
    request = replace(refused.elsewhere, lines=wanted)
    if refused.together:
        request = replace(request, policy="single_location")
    (whole,) = allocate([request], available)
    if whole.shares or refused.together:
        return whole.shares
    return [share for sku in wanted for share in _as_far_as_there_is(request, sku, available)]


def _as_far_as_there_is(request: Request, sku: str, available: dict[Key, int]) -> Sequence[Share]:
    """As many units of the item as the candidates can give; under `single_location` as many as one of them can."""
    wanted, sight = considered(replace(request, lines={sku: request.lines[sku]}), available, {})
    there = [sight.at(place, sku) for place in wanted.candidates]
    most = max(there, default=0) if request.policy == "single_location" else sum(there)
    units = min(request.lines[sku], most)
    if not units:
        return ()
    (decision,) = allocate([replace(request, lines={sku: units})], available)
    return decision.shares
