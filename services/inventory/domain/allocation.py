"""Allocation: which places a promise is kept from. All lines or nothing, and never more than is available."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations, islice
from typing import NamedTuple

from services.inventory.domain.channels import UNBOUNDED, Bounds, Pool
from services.inventory.domain.levels import Key
from services.inventory.domain.sight import Sight, Spent, look

SUBSET_LIMIT = 5_000
"""So many combinations of places are tried for the fewest parcels before the greedy choice is taken."""


@dataclass(frozen=True, slots=True)
class Request:
    """So many units of each item, from these places in order of preference; each sku once.

    `bounds` is what its channel may see, `keep_back` how many units of every item stay at a place. `tiers` are sizes of
    groups of candidates that are equally good: within one, the place with the most of the wanted lines comes first.
    """

    lines: Mapping[str, int]
    policy: str
    candidates: Sequence[str]
    bounds: Mapping[Key, Bounds] = field(default_factory=dict)
    keep_back: Mapping[str, int] = field(default_factory=dict)
    tiers: Sequence[int] = ()

    @property
    def keys(self) -> list[Key]:
        return [(place, sku) for place in self.candidates for sku in self.lines]

    def pool(self, key: Key) -> Pool | None:
        """What units promised under this key count against."""
        return self.bounds.get(key, UNBOUNDED).pool


class Share(NamedTuple):
    """Units of one item from one place."""

    sku: str
    location_id: str
    quantity: int


class Shortage(NamedTuple):
    """`available` is what the candidates could have given under the request's policy."""

    sku: str
    requested: int
    available: int


class Decision(NamedTuple):
    """Either shares for every line, or the shortages and nothing held."""

    shares: Sequence[Share] = ()
    shortages: Sequence[Shortage] = ()


def allocate(
    requests: Iterable[Request], available: dict[Key, int], left: dict[Pool, int] | None = None
) -> list[Decision]:
    """Decide the requests in order, first come first served; `available` is reduced by what is promised.

    Keys that `available` does not hold have nothing. `left` is what may still be promised of the requests' pools, and
    is reduced with it. Policies: `single_location` (the first candidate that has all), `in_order` (each line from the
    candidates in turn), `fewest_splits` (as few places as possible, earlier ones first).
    """
    pools = {} if left is None else left
    return [_decide(request, available, pools) for request in requests]


def _decide(request: Request, available: dict[Key, int], left: dict[Pool, int]) -> Decision:
    request, sight = considered(request, available, left)
    places = _places(request, sight)
    if places is None:
        return Decision(shortages=_shortages(request, sight))
    shares = [
        Share(sku, place, units)
        for sku, quantity in request.lines.items()
        for place, units in sight.spread(places, sku, quantity)
    ]
    for share in shares:
        key = (share.location_id, share.sku)
        available[key] -= share.quantity
        pool = request.pool(key)
        if pool is not None:
            left[pool] -= share.quantity
    return Decision(shares=shares)


def considered(request: Request, available: Mapping[Key, int], left: Mapping[Pool, int]) -> tuple[Request, Sight]:
    """The request with its candidates as they are considered, each once, and what it sees of the stock there."""
    candidates = tuple(dict.fromkeys(request.candidates))
    if len(candidates) < len(request.candidates):
        request = replace(request, candidates=candidates)
    sight = Sight(available)
    if request.bounds or request.keep_back:
        sight = look(request.keys, available, request.bounds, request.keep_back, left)
    return (replace(request, candidates=_in_tiers(request, sight)) if request.tiers else request), sight


def _in_tiers(request: Request, sight: Sight) -> Sequence[str]:
    """Within each tier the deepest first; candidates that are equally deep, or behind the tiers, keep their order."""
    ordered: list[str] = []
    waiting = list(request.candidates)
    for size in request.tiers:
        ordered += sorted(waiting[:size], key=lambda place: -sum(sight.at(place, sku) for sku in request.lines))
        waiting = waiting[size:]
    return [*ordered, *waiting]


def _places(request: Request, sight: Sight) -> Sequence[str] | None:
    """The places to take from, in order; None where they cannot give every line."""
    if request.policy == "single_location":
        return next(((place,) for place in request.candidates if _covers((place,), request.lines, sight)), None)
    if not _covers(request.candidates, request.lines, sight):
        return None
    if request.policy == "in_order":
        return request.candidates
    return _fewest(request, sight)


def _fewest(request: Request, sight: Sight) -> Sequence[str]:
    useful = [place for place in request.candidates if any(sight.at(place, sku) > 0 for sku in request.lines)]
    if len(useful) < 2:
        return useful
    subsets = (subset for size in range(1, len(useful)) for subset in combinations(useful, size))
    for subset in islice(subsets, SUBSET_LIMIT):
        if _covers(subset, request.lines, sight):
            return subset
    return _greedy(request.lines, useful, sight)


def _greedy(lines: Mapping[str, int], places: Sequence[str], sight: Sight) -> Sequence[str]:
    """Always the place that gives most of what is still missing; earlier candidates win ties."""
    missing = dict(lines)
    spent: Spent = defaultdict(int)
    chosen: list[str] = []
    remaining = list(places)
    while any(missing.values()) and remaining:
        best = max(remaining, key=lambda place: sum(min(missing[sku], sight.at(place, sku, spent)) for sku in missing))
        for sku in missing:
            units = min(missing[sku], sight.at(best, sku, spent))
            missing[sku] -= units
            sight.spend(spent, best, sku, units)
        chosen.append(best)
        remaining.remove(best)
    return chosen


def _covers(places: Sequence[str], lines: Mapping[str, int], sight: Sight) -> bool:
    return all(sight.together(places, sku) >= quantity for sku, quantity in lines.items())


def _shortages(request: Request, sight: Sight) -> list[Shortage]:
    if request.policy == "single_location":
        best = max(request.candidates, key=lambda place: _lines_covered(place, request.lines, sight), default="")
        places: Sequence[str] = (best,)
    else:
        places = request.candidates
    found = [Shortage(sku, quantity, sight.together(places, sku)) for sku, quantity in request.lines.items()]
    return [shortage for shortage in found if shortage.available < shortage.requested]


def _lines_covered(place: str, lines: Mapping[str, int], sight: Sight) -> int:
    return sum(sight.at(place, sku) >= quantity for sku, quantity in lines.items())
