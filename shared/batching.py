"""Micro-batching: work arrives one by one and is done together.

A batch is whatever has arrived while the last one was being written: no timer, no artificial wait. Alone, a request
is a batch of one and pays nothing; under load the batches grow and a hot row costs the same as many cold ones.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

import stamina

from shared.database import is_collision, is_transient
from shared.errors import Overloaded
from shared.telemetry import BATCH_SIZE, WAITING

RequestT = TypeVar("RequestT")
AnswerT = TypeVar("AnswerT")

BATCH_LIMIT = 256
WAITING_LIMIT = 5_000
"""Beyond this many waiting requests the answer is 503 with `Retry-After`: memory stays bounded."""
ATTEMPTS = 3
RETRY_S = 0.02

Decide = Callable[[Sequence[RequestT]], Awaitable[Sequence[AnswerT]]]


class Batcher(Generic[RequestT, AnswerT]):
    """Gathers single requests and hands them to `decide` together; answers come back one to one, in order."""

    def __init__(
        self,
        name: str,
        decide: Decide[RequestT, AnswerT],
        *,
        batch_limit: int = BATCH_LIMIT,
        waiting_limit: int = WAITING_LIMIT,
    ) -> None:
        self._decide = decide
        self._batch_limit = batch_limit
        self._waiting_limit = waiting_limit
        self._name = name
        self._waiting: deque[tuple[RequestT, asyncio.Future[AnswerT]]] = deque()
        self._worker: asyncio.Task[None] | None = None
        self._sizes = BATCH_SIZE.labels(name)
        WAITING.labels(name).set_function(lambda: len(self._waiting))

    async def submit(self, request: RequestT) -> AnswerT:
        """The answer to this request. Raises Overloaded at once when too many are waiting."""
        if len(self._waiting) >= self._waiting_limit:
            raise Overloaded(self._name)
        answer: asyncio.Future[AnswerT] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, answer))
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work(), name=f"batch {self._name}")
        return await answer

    async def _work(self) -> None:
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), self._batch_limit))]
            self._sizes.observe(len(batch))
            await self._answer(batch)

    async def _answer(self, batch: list[tuple[RequestT, asyncio.Future[AnswerT]]]) -> None:
        try:
            answers = await self._decide_again([request for request, _ in batch])
        except Exception as error:
            # One request that breaks its batch must not break the others: each is decided alone.
            if len(batch) > 1:
                for member in batch:
                    await self._answer([member])
            elif not batch[0][1].done():
                batch[0][1].set_exception(error)
            return
        for (_, future), answer in zip(batch, answers, strict=True):
            if not future.done():  # it is, where a client has hung up
                future.set_result(answer)

    async def _decide_again(self, requests: list[RequestT]) -> Sequence[AnswerT]:
        try:
            return await self._decide(requests)  # a retry is rich in cycles: none is built for what almost never fails
        except Exception as error:
            if not may_succeed_again(error):
                raise
        await asyncio.sleep(RETRY_S)
        again = stamina.retry_context(on=may_succeed_again, attempts=ATTEMPTS - 1, wait_initial=2 * RETRY_S)
        async for attempt in again:
            with attempt:
                return await self._decide(requests)
        raise AssertionError("unreachable: the last attempt raises")


def may_succeed_again(error: Exception) -> bool:
    return is_transient(error) or is_collision(error)
