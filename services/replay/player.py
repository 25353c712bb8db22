"""The player: opens the shops, then plays every store's week in order, stores side by side."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from services.replay import opening, rules
from services.replay.client import Client
from services.replay.fingerprint import stock_fingerprint
from services.replay.lag import LagSampler
from services.replay.orders import Shop
from services.replay.pickups import Counter
from services.replay.tally import Tally
from services.replay.tills import Tills
from services.replay.timeline import Order, Sales, Step, WorkPickup, timelines
from services.replay.week import Basket, read_baskets, read_names

STORES_AT_ONCE = 24


@dataclass
class Played:
    """A replay that is through."""

    tally: Tally
    lag: LagSampler
    stores: int
    fingerprint: str


async def play(base_url: str, secret: str, first: date, last: date) -> Played:
    """Play the receipts of these days, both included, on the installation at `base_url`.

    Raises Refused, NeverHappened, NoLog, or httpx.TransportError where the installation stays away.
    """
    with _progress() as progress:
        week = read_baskets()
        today = [basket for basket in week if first <= basket.at.date() <= last]
        client = Client(base_url, secret)
        try:
            return await _Replay(client, week, today, progress).run()
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
    today: Sequence[Basket]
    progress: Progress
    tally: Tally = field(default_factory=Tally)

    def __post_init__(self) -> None:
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
        self.counter = Counter(self.client, self.tally, self.shop)

    async def run(self) -> Played:
        stores = timelines(self.today)
        await self._open_shops()
        async with self.lag.watching():
            await self._play_all(stores)
        fingerprint = await stock_fingerprint(self.client, [*rules.WAREHOUSES, *map(rules.store, sorted(stores))])
        return Played(self.tally, self.lag, len(stores), fingerprint)

    async def _open_shops(self) -> None:
        """The whole week's opening stock, whichever days are played: the other days can follow."""
        receipts = rules.opening_stock(self.week)
        names = read_names({receipt.sku for receipt in receipts})
        task = self.progress.add_task("opening stock", total=len(receipts))
        await opening.open_locations(self.client, {basket.location_id for basket in self.week})
        await opening.list_items(self.client, names)
        self.tally.opening_lines = len(receipts)
        self.tally.opening_known = await opening.receive_opening_stock(
            self.client, receipts, lambda lines: self.progress.advance(task, lines)
        )

    async def _play_all(self, stores: dict[str, list[Step]]) -> None:
        """The longest weeks first, so that none is left alone at the end."""
        task = self.progress.add_task("lines", total=self.tally.lines_read, completed=self.tally.accounted)
        playing = asyncio.Semaphore(STORES_AT_ONCE)
        started = time.monotonic()

        async def play_store(steps: list[Step]) -> None:
            async with playing, asyncio.TaskGroup() as parcels:
                for step in steps:
                    if isinstance(step, Order) and step.method == "ship":
                        parcels.create_task(self.shop.order(step))  # it touches no shelf of this store
                    else:
                        await self._take(step)
                    self.progress.update(task, completed=self.tally.accounted)
            self.progress.update(task, completed=self.tally.accounted)

        async with asyncio.TaskGroup() as group:
            for steps in sorted(stores.values(), key=len, reverse=True):
                group.create_task(play_store(steps))
        self.tally.seconds = time.monotonic() - started

    async def _take(self, step: Step) -> None:
        match step:
            case Sales(baskets):
                await self.tills.sell(baskets)
            case Order():
                await self.shop.order(step)
            case WorkPickup(basket):
                await self.counter.work(basket)
