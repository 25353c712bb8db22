"""What each candidate could give, and what held it back: the words for what allocation decides by."""

from collections.abc import Mapping
from typing import NamedTuple

from services.inventory.domain.allocation import Request, considered
from services.inventory.domain.channels import UNBOUNDED, Pool
from services.inventory.domain.levels import Key
from services.inventory.domain.sight import ceilings


class Offer(NamedTuple):
    """What a place could give of one line if it were the only one; `held_back_by` says why it is not all of it."""

    location_id: str
    sku: str
    requested: int
    stock: int
    could_give: int
    held_back_by: str | None


def offers(request: Request, available: Mapping[Key, int], left: Mapping[Pool, int]) -> list[Offer]:
    """An offer for each candidate and line, in the order in which the candidates are considered."""
    request, sight = considered(request, available, left)
    found = []
    for place in request.candidates:
        for sku, requested in request.lines.items():
            stock = max(0, available.get((place, sku), 0))
            could_give = min(requested, sight.at(place, sku))
            reason = None if could_give == requested else _reason(request, (place, sku), stock, left)
            found.append(Offer(place, sku, requested, stock, could_give, reason))
    return found


def _reason(request: Request, key: Key, stock: int, left: Mapping[Pool, int]) -> str:
    """The lowest of what holds there; that the place has too few itself where nothing is lower."""
    if stock == 0:
        return "none_there"
    bounds = request.bounds.get(key, UNBOUNDED)
    lowest = {"too_few_there": stock, **ceilings(stock, bounds, request.keep_back.get(key[0], 0))}
    if bounds.pool is not None:
        lowest["cap"] = left[bounds.pool]
    return min(lowest, key=lambda reason: lowest[reason])
