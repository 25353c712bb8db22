"""Waiting for decisions: a checkout sleeps until inventory's answer has taken effect, in whichever process it did."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from services.orders.api.answers import Order, shown
from services.orders.domain.states import State
from shared.batching import Batcher
from shared.database import Database


class Watch:
    """One request's watch over one order."""

    def __init__(self) -> None:
        self._stirred = asyncio.Event()

    def stir(self) -> None:
        self._stirred.set()

    async def next(self) -> None:
        """Wait until the order may have been decided since the last call."""
        await self._stirred.wait()
        self._stirred.clear()


class Decisions:
    """Orders as they stand now, and those that are waited for. `waiting_limit` bounds how many requests may wait."""

    def __init__(self, database: Database, waiting_limit: int) -> None:
        self._database = database
        self._waiting_limit = waiting_limit
        self._watches: defaultdict[str, set[Watch]] = defaultdict(set)
        self._waiting = 0
        self._reads: Batcher[str, Order | None] = Batcher("orders.read", self._read)

    @property
    def is_full(self) -> bool:
        return self._waiting >= self._waiting_limit

    def on_decided(self, payload: str) -> None:
        """Wake who waits for one of these orders; everybody, where notifications may have been missed."""
        for order_id in payload.split(",") if payload else list(self._watches):
            for watch in self._watches.get(order_id, ()):
                watch.stir()

    @contextmanager
    def watching(self, order_id: str) -> Iterator[Watch]:
        """Watch from here on: what is decided after this line is not missed, whenever it is waited for."""
        watch = Watch()
        self._watches[order_id].add(watch)
        self._waiting += 1
        try:
            yield watch
        finally:
            self._waiting -= 1
            self._watches[order_id].discard(watch)
            if not self._watches[order_id]:
                del self._watches[order_id]

    async def read(self, order_id: str) -> Order | None:
        """The order now; who asks at the same time shares one statement."""
        return await self._reads.submit(order_id)

    async def decided(self, watch: Watch, order_id: str, wait_s: float) -> Order | None:
        """The order once it is decided, or as it stands after `wait_s` seconds."""
        try:
            async with asyncio.timeout(wait_s):
                while True:
                    await watch.next()
                    order = await self.read(order_id)
                    if order is None or order.state is not State.PENDING:
                        return order
        except TimeoutError:
            return await self.read(order_id)

    async def _read(self, order_ids: Sequence[str]) -> Sequence[Order | None]:
        async with self._database.reading() as connection:
            return await shown(connection, order_ids)
