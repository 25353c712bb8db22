"""Waiting for what must become true, instead of for a time to pass."""

import asyncio
import time
from collections.abc import Awaitable, Callable

_LOOK_AGAIN_S = 0.05


async def eventually(condition: Callable[[], object], timeout_s: float = 30.0) -> None:
    """Returns once `condition()` is true; AssertionError with the condition's name after `timeout_s` seconds."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout_s} s: {condition.__qualname__}"
        await asyncio.sleep(_LOOK_AGAIN_S)


async def eventually_async(condition: Callable[[], Awaitable[object]], timeout_s: float = 30.0) -> None:
    """The same for a condition that must be awaited."""
    deadline = time.monotonic() + timeout_s
    while not await condition():
        assert time.monotonic() < deadline, f"not within {timeout_s} s: {condition.__qualname__}"
        await asyncio.sleep(_LOOK_AGAIN_S)
