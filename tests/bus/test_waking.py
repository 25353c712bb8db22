"""How a reader of the PostgreSQL log waits."""

import asyncio

import pytest

from shared.bus.postgres_ears import Ear


@pytest.mark.parametrize("steps_between", range(4))
async def test_a_cancellation_is_heard_even_when_it_comes_together_with_an_event(steps_between: int) -> None:
    ear = Ear(None)

    async def wait_for_ever() -> None:
        while True:
            await ear.wait()

    waiting = asyncio.create_task(wait_for_ever())
    await asyncio.sleep(0)
    ear.wake()
    for _ in range(steps_between):
        await asyncio.sleep(0)
    waiting.cancel()

    done, _ = await asyncio.wait([waiting], timeout=1)
    assert done
