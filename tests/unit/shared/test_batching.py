"""Micro-batching: what waits is decided together, and nobody pays for another's fault."""

import asyncio
from collections.abc import Sequence

import pytest

from shared.batching import Batcher
from shared.errors import Overloaded


async def test_what_arrives_while_a_batch_is_decided_is_the_next_batch() -> None:
    batches: list[list[int]] = []
    gate = asyncio.Event()
    begun = asyncio.Event()

    async def decide(requests: Sequence[int]) -> list[int]:
        batches.append(list(requests))
        begun.set()
        await gate.wait()
        return [request * 2 for request in requests]

    batcher = Batcher("test", decide)
    first = asyncio.create_task(batcher.submit(1))
    await begun.wait()
    others = [asyncio.create_task(batcher.submit(number)) for number in (2, 3, 4)]
    await asyncio.sleep(0)
    gate.set()
    assert await asyncio.gather(first, *others) == [2, 4, 6, 8]
    assert batches == [[1], [2, 3, 4]]


async def test_a_request_that_breaks_its_batch_fails_alone() -> None:
    async def decide(requests: Sequence[int]) -> list[float]:
        return [1 / request for request in requests]

    batcher = Batcher("test", decide)
    answers = await asyncio.gather(*(batcher.submit(number) for number in (1, 0, 2)), return_exceptions=True)
    assert answers[0] == 1
    assert isinstance(answers[1], ZeroDivisionError)
    assert answers[2] == 0.5


async def test_a_client_that_hangs_up_takes_nobody_with_it() -> None:
    gate = asyncio.Event()
    decided: list[int] = []

    async def decide(requests: Sequence[int]) -> Sequence[int]:
        await gate.wait()
        decided.extend(requests)
        return requests

    batcher = Batcher("test", decide)
    leaving = asyncio.create_task(batcher.submit(1))
    staying = asyncio.create_task(batcher.submit(2))
    await asyncio.sleep(0)
    leaving.cancel()
    gate.set()
    assert await staying == 2
    assert decided == [1, 2]


async def test_beyond_the_limit_the_answer_is_overloaded_and_memory_stays_bounded() -> None:
    gate = asyncio.Event()
    begun = asyncio.Event()

    async def decide(requests: Sequence[int]) -> Sequence[int]:
        begun.set()
        await gate.wait()
        return requests

    batcher = Batcher("test", decide, batch_limit=1, waiting_limit=3)
    waiting = [asyncio.create_task(batcher.submit(number)) for number in range(3)]
    await begun.wait()
    waiting.append(asyncio.create_task(batcher.submit(3)))
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await batcher.submit(4)
    gate.set()
    assert await asyncio.gather(*waiting) == [0, 1, 2, 3]
