"""The bus door of inventory: event type → use case."""

from shared.clock import Clock
from shared.consumer import Routes


def till_routes(clock: Clock) -> Routes:
    return {}
