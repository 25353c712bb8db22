"""The counters: bags are picked from the shelf, found short where tills have sold first, and handed over."""

import asyncio
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.replay.client import Client, Refused, until
from services.replay.orders import Shop
from services.replay.rules import Pace
from services.replay.tally import Lateness, Tally
from services.replay.week import Basket

_PATH = "/pickup/v1/pickups"
_CLOSED = {"collected", "expired", "cancelled"}


@dataclass
class Bag:
    """A bag that the clerk has begun; he has had the time for it at `done_at`, by the monotonic clock."""

    basket: Basket
    order_id: str
    shown: dict[str, Any]
    done_at: float


class Clerk:
    """The clerk of one store, with the store's own token: one bag after the other, in the order of their orders.

    A bag is begun as soon as he is free, and ready when he has had the time for it; what goes into it is decided in
    between, when it is `fill`ed, in the order of what happens at the shelves. `beside` is where he works.
    """

    def __init__(self, client: Client, tally: Tally, shop: Shop, pace: Pace, beside: asyncio.TaskGroup) -> None:
        self._client = client
        self._tally = tally
        self._shop = shop
        self._pace = pace
        self._beside = beside
        self._is_free = asyncio.Lock()
        self._begun: dict[str, asyncio.Task[Bag]] = {}
        self._handing_over: asyncio.Task[None] | None = None

    def hear_of(self, basket: Basket) -> None:
        """The receipt was ordered; where it was refused there is no bag."""
        order_id = self._shop.confirmed.get(basket.basket_id)
        if order_id is not None:
            self._begun[basket.basket_id] = self._beside.create_task(self._begin(basket, order_id))

    def is_waited_for(self, basket: Basket) -> bool:
        """Whether he has another bag in hand."""
        begun = self._begun.get(basket.basket_id)
        return begun is not None and not begun.done()

    async def fill(self, basket: Basket) -> None:
        """Put in what is there, once the bag before is off the shelves; he goes on with it by himself."""
        begun = self._begun.pop(basket.basket_id, None)
        if begun is None:
            return
        bag = await begun
        if self._handing_over is not None:
            await self._handing_over
        if bag.shown["state"] == "picking":
            bag.shown = await self._pick_all(bag.shown, basket.basket_id)
        self._handing_over = self._beside.create_task(self._finish(bag))

    async def _begin(self, basket: Basket, order_id: str) -> Bag:
        await self._is_free.acquire()
        shown = await until(lambda: self._find(order_id), f"the pickup of order {order_id}")
        takes_s = 0.0
        if shown["state"] == "requested":
            takes_s = self._pace.picking_s(len(basket.lines))
            shown = await self._start(shown)
        return Bag(basket, order_id, shown, time.monotonic() + takes_s)

    async def _finish(self, bag: Bag) -> None:
        """Take the time that it takes, hand it over, and wait until stock has heard of it."""
        shown = bag.shown
        if shown["state"] == "picking":
            await asyncio.sleep(bag.done_at - time.monotonic())
            shown = await self._step(shown, "ready", {})
            self._compare(shown, bag.basket)
        self._is_free.release()
        if shown["state"] == "ready":
            shown = await self._hand_over(shown)
        await self._shop.finished(bag.order_id, shown["reservation_id"])
        self._count(shown)

    def _compare(self, bag: dict[str, Any], basket: Basket) -> None:
        """When it is ready with when the customer was told that it would be, where this replay has told it."""
        told = self._shop.shown.get(basket.basket_id)
        if told is not None:
            late = datetime.fromisoformat(bag["ready_at"]) - datetime.fromisoformat(told)
            self._tally.lateness.append(Lateness(late.total_seconds(), self._pace.picking_s(len(basket.lines))))

    async def _find(self, order_id: str) -> dict[str, Any] | None:
        page = await self._client.get(_PATH, order_id=order_id)
        return page["items"][0] if page["items"] else None

    async def _start(self, bag: dict[str, Any]) -> dict[str, Any]:
        """A bag may be cancelled before it is begun, where the tills have sold all that was in it."""
        try:
            return await self._step(bag, "start", {})
        except Refused as error:
            if error.code != "illegal_transition":
                raise
            return await self._look(bag)

    async def _look(self, bag: dict[str, Any]) -> dict[str, Any]:
        shown: dict[str, Any] = await self._client.get(f"{_PATH}/{bag['pickup_id']}")
        return shown

    async def _pick_all(self, bag: dict[str, Any], basket_id: str) -> dict[str, Any]:
        lines = [line for line in bag["lines"] if _unpicked(line)]
        shelves = await asyncio.gather(*(self._on_shelf(bag["location_id"], line["sku"]) for line in lines))
        steps = [
            self._pick(bag, line, max(0, on_shelf - line["picked"]), basket_id)
            for line, on_shelf in zip(lines, shelves, strict=True)
        ]
        await asyncio.gather(*steps)
        return await self._look(bag)

    async def _pick(self, bag: dict[str, Any], line: dict[str, Any], on_shelf: int, basket_id: str) -> None:
        """Put into the bag what is there, and say what is not; the keys make a repeat of either harmless."""
        found = min(_unpicked(line), on_shelf)
        missing = _unpicked(line) - found
        if found:
            await self._step(bag, f"lines/{line['sku']}/pick", {"quantity": found}, f"pick/{basket_id}")
        if missing:
            body = {"missing": missing, "reason": "the tills have sold it"}
            await self._step(bag, f"lines/{line['sku']}/short", body, f"short/{basket_id}")

    async def _on_shelf(self, location_id: str, sku: str) -> int:
        """What stock says lies there; units that were promised and sold all the same do not."""
        stock = await self._client.get(f"/inventory/v1/stock/{sku}")
        here = [level["on_hand"] for level in stock["locations"] if level["location_id"] == location_id]
        return max(0, here[0]) if here else 0

    async def _hand_over(self, bag: dict[str, Any]) -> dict[str, Any]:
        shown = await self._client.get(f"{_PATH}/{bag['pickup_id']}", "storefront")
        return await self._step(bag, "collect", {"code": shown["code"]})

    async def _step(
        self, bag: dict[str, Any], step: str, body: dict[str, Any], key: str | None = None
    ) -> dict[str, Any]:
        named = f"{key}/{step}" if key else None
        path = f"{_PATH}/{bag['pickup_id']}/{step}"
        after: dict[str, Any] = await self._client.post(path, body, "store-staff", bag["location_id"], named)
        return after

    def _count(self, bag: dict[str, Any]) -> None:
        is_short = any(line["short"] for line in bag["lines"])
        self._tally.pickups["collected, short" if is_short and bag["state"] == "collected" else bag["state"]] += 1


def _unpicked(line: dict[str, Any]) -> int:
    return int(line["quantity"] - line["short"] - line["cancelled"] - line["picked"])
