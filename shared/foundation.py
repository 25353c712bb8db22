"""What every service stands on: its database, the bus, the relay between the two, and the work in the background."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from shared.asyncapi.application import Receiver, receivers_of
from shared.background import Loop, every, running
from shared.bus.opening import open_bus
from shared.clock import Clock
from shared.consumer import Consumer, Needs, Routes
from shared.database import Database
from shared.http import idempotency
from shared.outbox import Outbox
from shared.relay import Relay
from shared.settings import ServiceSettings

PRUNE_INTERVAL_S = 600.0


class Foundation:
    """Nothing is opened before `standing`. `schema` is the service's name."""

    def __init__(self, settings: ServiceSettings, schema: str, clock: Clock) -> None:
        self.clock = clock
        self.bus = open_bus(settings)
        self._log = self.bus.log_in(settings.database_url)
        self.database = Database(settings.database_url, schema, settings.database_pool_size, outbox=Outbox(self._log))
        self._relay = Relay(self.database, self.bus)
        self.receivers: list[Receiver] = []
        """Who reads what, for the AsyncAPI document."""

    def consumer(
        self,
        name: str,
        topics: Sequence[str],
        routes: Routes,
        concerns: Callable[[str], bool] = lambda key: True,
        pause_s: float = 0.0,
        needs: Needs | None = None,
    ) -> Consumer:
        """A consumer of this service; its loop is to be given to `standing`."""
        self.receivers += [found for found in receivers_of(name, topics, routes) if found not in self.receivers]
        return Consumer(name, self.bus, self.database, topics, routes, concerns, pause_s, needs)

    @asynccontextmanager
    async def standing(self, **loops: Loop) -> AsyncIterator[None]:
        """Start the bus, run the relay and the `loops` while the context is open, then close everything."""
        await self.bus.start()
        try:
            if self._log is not None:  # what waits there is older than what is appended from now on
                await self._relay.empty()
            async with running(
                notifications=self.database.notifications.run,
                relay=self._relay.run,
                pruning=every(PRUNE_INTERVAL_S, self._prune),
                **loops,
            ):
                yield
        finally:
            await self.bus.stop()
            await self.database.close()

    async def _prune(self) -> None:
        async with self.database.transaction() as transaction:
            await idempotency.prune(transaction, self.clock())
