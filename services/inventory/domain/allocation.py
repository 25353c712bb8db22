"""Allocation: which places a promise is kept from. All lines or nothing, and never more than is available."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, islice

from services.inventory.domain.levels import Key

SUBSET_LIMIT = 5_000
"""So many combinations of places are tried for the fewest parcels before the greedy choice is taken."""


@dataclass(frozen=True, slots=True)
class Request:
    """So many units of each item, from these places in order of preference; each sku once."""

    lines: Mapping[str, int]
    policy: str
    candidates: Sequence[str]


@dataclass(frozen=True, slots=True)
class Share:
    """Units of one item from one place."""

    sku: str
    location_id: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Shortage:
    """`available` is what the candidates could have given under the request's policy."""

    sku: str
    requested: int
    available: int


@dataclass(frozen=True, slots=True)
class Decision:
    """Either shares for every line, or the shortages and nothing held."""

    shares: Sequence[Share] = ()
    shortages: Sequence[Shortage] = ()


def allocate(requests: Iterable[Request], available: dict[Key, int]) -> list[Decision]:
    """Decide the requests in order, first come first served; `available` is reduced by what is promised.

    Keys that `available` does not hold have nothing. Policies: `single_location` (the first candidate that has all),
    `in_order` (each line from the candidates in turn), `fewest_splits` (as few places as possible, earlier ones first).
    """
    return [_decide(_each_place_once(request), available) for request in requests]


def _each_place_once(request: Request) -> Request:
    """A place that is named twice has its units once."""
    return replace(request, candidates=tuple(dict.fromkeys(request.candidates)))


def _decide(request: Request, available: dict[Key, int]) -> Decision:
    places = _places(request, available)
    if places is None:
        return Decision(shortages=_shortages(request, available))
    shares = list(_take(request.lines, places, available))
    for share in shares:
        available[(share.location_id, share.sku)] -= share.quantity
    return Decision(shares=shares)


def _places(request: Request, available: Mapping[Key, int]) -> Sequence[str] | None:
    """The places to take from, in order; None where they cannot give every line."""
    if request.policy == "single_location":
        return next(((place,) for place in request.candidates if _covers((place,), request.lines, available)), None)
    if not _covers(request.candidates, request.lines, available):
        return None
    if request.policy == "in_order":
        return request.candidates
    return _fewest(request, available)


def _fewest(request: Request, available: Mapping[Key, int]) -> Sequence[str]:
    useful = [place for place in request.candidates if any(available.get((place, sku), 0) > 0 for sku in request.lines)]
    subsets = (subset for size in range(1, len(useful)) for subset in combinations(useful, size))
    for subset in islice(subsets, SUBSET_LIMIT):
        if _covers(subset, request.lines, available):
            return subset
    return _greedy(request.lines, useful, available)


def _greedy(lines: Mapping[str, int], places: Sequence[str], available: Mapping[Key, int]) -> Sequence[str]:
    """Always the place that gives most of what is still missing; earlier candidates win ties."""
    missing = dict(lines)
    chosen: list[str] = []
    remaining = list(places)
    while any(missing.values()) and remaining:
        best = max(remaining, key=lambda place: sum(_at(place, sku, missing, available) for sku in missing))
        for sku in missing:
            missing[sku] -= _at(best, sku, missing, available)
        chosen.append(best)
        remaining.remove(best)
    return chosen


def _at(place: str, sku: str, missing: Mapping[str, int], available: Mapping[Key, int]) -> int:
    return min(missing[sku], max(0, available.get((place, sku), 0)))


def _covers(places: Sequence[str], lines: Mapping[str, int], available: Mapping[Key, int]) -> bool:
    return all(_sum(places, sku, available) >= quantity for sku, quantity in lines.items())


def _sum(places: Iterable[str], sku: str, available: Mapping[Key, int]) -> int:
    return sum(max(0, available.get((place, sku), 0)) for place in places)


def _take(lines: Mapping[str, int], places: Sequence[str], available: Mapping[Key, int]) -> Iterable[Share]:
    for sku, quantity in lines.items():
        missing = quantity
        for place in places:
            taken = min(missing, max(0, available.get((place, sku), 0)))
            if taken:
                yield Share(sku, place, taken)
                missing -= taken


def _shortages(request: Request, available: Mapping[Key, int]) -> list[Shortage]:
    if request.policy == "single_location":
        best = max(request.candidates, key=lambda place: _lines_covered(place, request.lines, available), default="")
        places: Sequence[str] = (best,)
    else:
        places = request.candidates
    found = [Shortage(sku, quantity, _sum(places, sku, available)) for sku, quantity in request.lines.items()]
    return [shortage for shortage in found if shortage.available < shortage.requested]


def _lines_covered(place: str, lines: Mapping[str, int], available: Mapping[Key, int]) -> int:
    return sum(available.get((place, sku), 0) >= quantity for sku, quantity in lines.items())
