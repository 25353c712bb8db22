"""`zaiko replay`: play, then print the summary."""

import asyncio

import httpx
import stamina
import uvloop
from rich.console import Console

from services.faults import CannotGoOn
from services.replay.client import NeverHappened, NotThere, Refused
from services.replay.player import Part, play
from services.replay.summary import show
from services.replay.week import NoLog


def replay(base_url: str, secret: str, part: Part) -> bool:
    """Play the part and print the summary; True where every line read is accounted for. Raises CannotGoOn."""
    stamina.instrumentation.set_on_retry_hooks([])  # what passes is not worth a line between the progress bars
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            played = runner.run(play(base_url, secret, part))
    except* NotThere as group:
        raise CannotGoOn(f"nothing answers at {base_url}; `zaiko up` starts an installation") from group
    except* (Refused, NeverHappened, NoLog, httpx.TransportError) as group:
        raise CannotGoOn(f"the replay stopped: {_first(group)}") from group
    show(played, Console())
    return played.tally.is_complete


def _first(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"
