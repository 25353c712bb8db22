"""What every service stands on: its database, the bus, the relay between the two, and the work in the background."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from shared.asyncapi.application import Receiver, receivers_of
from shared.background import Loop, every, running
from shared.bus.base import Bus
from shared.bus.opening import open_bus, started
from shared.clock import Clock
from shared.consumer import Consumer, Needs, Routes
from shared.database import Database
from shared.http import idempotency
from shared.outbox import Outbox
from shared.relay import Relay
from shared.settings import ServiceSettings

PRUNE_INTERVAL_S = 600.0


class Foundation:
    """Nothing is opened before `standing`. `schema` is the service's name.

    A `bus` that several services of one process have in common is started and stopped by whoever gives it.
    """

    def __init__(self, settings: ServiceSettings, schema: str, clock: Clock, bus: Bus | None = None) -> None:
        self.clock = clock
        self.bus = bus or open_bus(settings)
        self._is_bus_own = bus is None
        self._log = self.bus.log_in(settings.database_url)
        self.database = Database(
            settings.database_url,
            schema,
            settings.database_pool_size,
            outbox=Outbox(self._log),
            notifications=None if self._log is None else self._log.notifications,
        )
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
        """Run the bus, the relay and the `loops` while the context is open, then close everything."""
        async with AsyncExitStack() as opened:
            opened.push_async_callback(self.database.close)
            if self._is_bus_own:
                await opened.enter_async_context(started(self.bus))
            if self._log is not None:  # what waits there is older than what is appended from now on
                await self._relay.empty()
            else:
                await opened.enter_async_context(running(notifications=self.database.notifications.run))
            async with running(relay=self._relay.run, pruning=every(PRUNE_INTERVAL_S, self._prune), **loops):
                yield

    async def _prune(self) -> None:
        async with self.database.transaction() as transaction:
            await idempotency.prune(transaction, self.clock())
