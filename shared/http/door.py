"""The door for writes: what has arrived is decided together, in one transaction with its idempotency keys.

The door opens the transaction, the use case fills it, the door commits it and only then answers.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

import structlog
from fastapi import Response
from pydantic import BaseModel

from shared.batching import Batcher, may_succeed_again
from shared.database import Database, Transaction, savepoint
from shared.errors import DomainError
from shared.http import idempotency
from shared.http.idempotency import Answer, RequestKey
from shared.http.problems import from_domain_error
from shared.statements import gathered

CommandT = TypeVar("CommandT")
log = structlog.get_logger(__name__)

Outcome = Answer | DomainError
Decide = Callable[[Transaction, Sequence[CommandT]], Awaitable[Sequence[Outcome]]]
"""A use case for many commands: one outcome for each, in order."""
DecideOne = Callable[[Transaction, CommandT], Awaitable[Answer]]


class Door(Generic[CommandT]):
    """One kind of write over HTTP.

    A request on which `decide` breaks is `rescue`'s, alone, where there is one; else it is answered with 500.
    """

    def __init__(
        self, name: str, database: Database, decide: Decide[CommandT], rescue: Decide[CommandT] | None = None
    ) -> None:
        self._database = database
        self._decide = decide
        self._rescue = rescue
        self._name = name
        self._batcher: Batcher[tuple[CommandT, RequestKey | None], Answer] = Batcher(name, self._decide_batch)

    async def __call__(self, command: CommandT, key: RequestKey | None = None) -> Response:
        """Decide the command in the next batch. Raises Overloaded."""
        return (await self._batcher.submit((command, key))).response()

    async def _decide_batch(self, requests: Sequence[tuple[CommandT, RequestKey | None]]) -> list[Answer]:
        try:
            return await self._decide_with(self._decide, requests)
        except Exception as error:
            if self._rescue is None or len(requests) > 1 or may_succeed_again(error):
                raise
            log.error("door.rescue", door=self._name, exc_info=error)
            return await self._decide_with(self._rescue, requests)

    async def _decide_with(
        self, decide: Decide[CommandT], requests: Sequence[tuple[CommandT, RequestKey | None]]
    ) -> list[Answer]:
        async with self._database.transaction() as transaction:
            outcomes: list[Outcome | None] = list(await idempotency.claim(transaction, [key for _, key in requests]))
            fresh = [place for place, outcome in enumerate(outcomes) if outcome is None]
            decided = await decide(transaction, [requests[place][0] for place in fresh])
            answers = {place: to_answer(outcome) for place, outcome in zip(fresh, decided, strict=True)}
            idempotency.keep(gathered(transaction), [(requests[place][1], answer) for place, answer in answers.items()])
        return [answers[place] if outcome is None else to_answer(outcome) for place, outcome in enumerate(outcomes)]


def to_answer(outcome: Outcome) -> Answer:
    if isinstance(outcome, Answer):
        return outcome
    problem = from_domain_error(outcome)
    return Answer(problem.status_code, bytes(problem.body))


def answer(model: BaseModel, status: int = 200, **headers: str) -> Answer:
    """A model as an answer; header names are given with underscores."""
    named = {name.replace("_", "-").title(): value for name, value in headers.items()}
    return Answer(status, model.model_dump_json().encode(), named)


def each(decide_one: DecideOne[CommandT]) -> Decide[CommandT]:
    """A use case for one command as one for many: each in a savepoint, so that a refusal undoes its own alone."""

    async def decide(transaction: Transaction, commands: Sequence[CommandT]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for command in commands:
            try:
                async with savepoint(transaction):
                    outcome: Outcome = await decide_one(transaction, command)
            except DomainError as error:
                outcome = error
            outcomes.append(outcome)
        return outcomes

    return decide
