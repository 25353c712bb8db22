"""The player: opens the shops, then plays every store's week in order, stores side by side."""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import date

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from services.replay import opening, rules
from services.replay.client import Client
from services.replay.fingerprint import stock_fingerprint
from services.replay.lag import LagSampler
from services.replay.orders import Shop
from services.replay.pickups import Clerk
from services.replay.tally import Tally
from services.replay.tills import Tills
from services.replay.timeline import Order, Sales, Step, WorkPickup, timelines
from services.replay.week import FIRST_DAY, LAST_DAY, Basket, read_baskets, read_names

STORES_AT_ONCE = 8


@dataclass
class Played:
    """A replay that is through."""

    tally: Tally
    lag: LagSampler
    stores: int
    fingerprint: str
    pace: rules.Pace


@dataclass(frozen=True)
class Part:
    """The part of the week that is played: these days, both included, and these stores; all where none is named."""

    first: date = FIRST_DAY
    last: date = LAST_DAY
    stores: frozenset[str] = frozenset()

    def has(self, basket: Basket) -> bool:
        return self.first <= basket.at.date() <= self.last and self.has_store(basket.location_id)

    def has_store(self, location_id: str) -> bool:
        return not self.stores or location_id in self.stores


async def play(base_url: str, secret: str, part: Part) -> Played:
    """Play the part on the installation at `base_url`.

    Raises NotThere, Refused, NeverHappened, NoLog, or httpx.TransportError where the installation goes and stays away.
    """
    client = Client(base_url, secret)
    try:
        await client.require()
        with _progress() as progress:
            return await _Replay(client, read_baskets(), part, progress).run()
    finally:
        await client.close()


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description:<14}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )


@dataclass
class _Replay:
    client: Client
    week: Sequence[Basket]
    part: Part
    progress: Progress
    tally: Tally = field(default_factory=Tally)
    pace: rules.Pace = field(init=False)

    def __post_init__(self) -> None:
        self.today = [basket for basket in self.week if self.part.has(basket)]
        for basket in self.today:
            self.tally.read(basket)
        ordered = {
            (basket.location_id, line.sku)
            for basket in self.today
            if rules.kind_of(basket) == "pickup"
            for line in basket.lines
        }
        self.lag = LagSampler(self.client, ordered)
        self.tills = Tills(self.client, self.tally, self.lag, rules.sequences(self.week))
        self.shop = Shop(self.client, self.tally)

    async def run(self) -> Played:
        stores = timelines(self.today)
        await self._open_shops()
        async with self.lag.watching():
            await self._play_all(stores)
        fingerprint = await stock_fingerprint(self.client, [*rules.WAREHOUSES, *map(rules.store, sorted(stores))])
        return Played(self.tally, self.lag, len(stores), fingerprint, self.pace)

    async def _open_shops(self) -> None:
        """The opening stock of the whole week, also where a part of it is played: the rest can follow."""
        stores = {basket.location_id for basket in self.week if self.part.has_store(basket.location_id)}
        open_here = stores | {place.location_id for place in rules.WAREHOUSES}
        receipts = [receipt for receipt in rules.opening_stock(self.week) if receipt.location_id in open_here]
        names = read_names({receipt.sku for receipt in receipts} | _skus(self.today))
        task = self.progress.add_task("opening stock", total=len(receipts))
        await opening.open_locations(self.client, stores)
        await opening.list_items(self.client, names)
        self.tally.opening_lines = len(receipts)
        began = time.monotonic()
        self.tally.opening_known = await opening.receive_opening_stock(
            self.client, receipts, lambda lines: self.progress.advance(task, lines)
        )
        self.pace = rules.pace_after(time.monotonic() - began)
        await opening.describe_stores(self.client, stores, self.pace)

    async def _play_all(self, stores: dict[str, list[Step]]) -> None:
        """The longest weeks first, so that none is left alone at the end."""
        task = self.progress.add_task("lines", total=self.tally.lines_read, completed=self.tally.accounted)
        playing = asyncio.Semaphore(STORES_AT_ONCE)
        started = time.monotonic()

        def show() -> None:
            self.progress.update(task, completed=self.tally.accounted)

        async with asyncio.TaskGroup() as group:
            for steps in sorted(stores.values(), key=len, reverse=True):
                group.create_task(self._play_store(steps, playing, show))
        self.tally.seconds = time.monotonic() - started

    async def _play_store(self, steps: Sequence[Step], playing: asyncio.Semaphore, show: Callable[[], None]) -> None:
        """Step by step; parcels go beside them, and so does the clerk with his bags."""
        async with asyncio.TaskGroup() as beside, AsyncExitStack() as place:
            await place.enter_async_context(playing)
            clerk = Clerk(self.client, self.tally, self.shop, self.pace, beside)
            for step in steps:
                match step:
                    case Sales(baskets):
                        await self.tills.sell(baskets)
                    case Order(method="ship"):
                        beside.create_task(self.shop.order(step))  # it touches no shelf of this store
                    case Order(basket):
                        await self.shop.order(step)
                        clerk.hear_of(basket)
                    case WorkPickup(basket):
                        if clerk.is_waited_for(basket):
                            await place.aclose()  # a store that waits for its clerk keeps no other from playing
                        await clerk.fill(basket)
                show()
        show()


def _skus(baskets: Iterable[Basket]) -> set[str]:
    return {line.sku for basket in baskets for line in basket.lines}
