"""Which bus runs is decided here, and known nowhere else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.bus.base import Bus
from shared.bus.kafka import KafkaBus
from shared.bus.postgres import PostgresBus
from shared.settings import ServiceSettings


def open_bus(settings: ServiceSettings) -> Bus:
    """The adapter that the settings name, not yet started."""
    if settings.bus == "kafka":
        return KafkaBus(settings.kafka_bootstrap_servers, topic_prefix=settings.topic_prefix)
    return PostgresBus(settings.bus_database_url or settings.database_url)


@asynccontextmanager
async def started(bus: Bus) -> AsyncIterator[Bus]:
    """The bus, started, as long as the context is open. Raises BusUnavailable."""
    await bus.start()
    try:
        yield bus
    finally:
        await bus.stop()
