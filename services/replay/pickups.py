"""The counter: bags are picked from the shelf, found short where tills have sold first, and handed over."""

import asyncio
from typing import Any

from services.replay.client import Client, Refused, until
from services.replay.orders import Shop
from services.replay.tally import Tally
from services.replay.week import Basket

_PATH = "/pickup/v1/pickups"
_CLOSED = {"collected", "expired", "cancelled"}


class Counter:
    """Works the bags of all stores, each with its own store's token."""

    def __init__(self, client: Client, tally: Tally, shop: Shop) -> None:
        self._client = client
        self._tally = tally
        self._shop = shop

    async def work(self, basket: Basket) -> None:
        """Work one bag from where it stands to its end, and wait until stock has heard of it."""
        order_id = self._shop.confirmed.get(basket.basket_id)
        if order_id is None:
            return  # rejected: there is no bag
        bag = await until(lambda: self._find(order_id), f"the pickup of order {order_id}")
        if bag["state"] == "requested":
            bag = await self._start(bag)
        if bag["state"] == "picking":
            bag = await self._pick_all(bag, basket.basket_id)
        if bag["state"] == "picking":
            bag = await self._step(bag, "ready", {})
        if bag["state"] == "ready":
            bag = await self._hand_over(bag)
        await self._shop.finished(order_id, bag["reservation_id"])
        self._count(bag)

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
