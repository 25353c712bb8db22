"""A store's week as a list of steps, in the order in which they must take effect."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from services.replay.rules import PICKUP_DELAY_BASKETS, kind_of
from services.replay.week import Basket

BATCH_LIMIT_EVENTS = 10


@dataclass(frozen=True, slots=True)
class Sales:
    """Receipts of tills, sent together."""

    baskets: tuple[Basket, ...]


@dataclass(frozen=True, slots=True)
class Order:
    """An online order: placed, decided, and where it is to be shipped also handed over."""

    basket: Basket
    method: Literal["pickup", "ship"]


@dataclass(frozen=True, slots=True)
class WorkPickup:
    """The bag of an earlier order: picked and collected, or found short."""

    basket: Basket


Step = Sales | Order | WorkPickup


def timelines(baskets: Sequence[Basket]) -> dict[str, list[Step]]:
    """The steps of each store; `baskets` are in the order of time."""
    by_store: dict[str, list[Basket]] = defaultdict(list)
    for basket in baskets:
        if basket.lines:
            by_store[basket.location_id].append(basket)
    return {location_id: _steps(own) for location_id, own in by_store.items()}


def _steps(baskets: Sequence[Basket]) -> list[Step]:
    steps: list[Step] = []
    waiting: list[tuple[int, Basket]] = []
    for place, basket in enumerate(baskets):
        while waiting and waiting[0][0] <= place:
            steps.append(WorkPickup(waiting.pop(0)[1]))
        kind = kind_of(basket)
        if kind == "till":
            _add_sale(steps, basket)
        else:
            steps.append(Order(basket, kind))
        if kind == "pickup":
            waiting.append((place + 1 + PICKUP_DELAY_BASKETS, basket))
    return steps + [WorkPickup(basket) for _, basket in waiting]


def _add_sale(steps: list[Step], basket: Basket) -> None:
    last = steps[-1] if steps else None
    if isinstance(last, Sales) and len(last.baskets) < BATCH_LIMIT_EVENTS:
        steps[-1] = Sales((*last.baskets, basket))
    else:
        steps.append(Sales((basket,)))
