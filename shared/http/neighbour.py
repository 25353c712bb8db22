"""Another service of the house, asked over HTTP."""

from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from shared.clock import Clock
from shared.errors import DomainError
from shared.http.auth import issue

AnswerT = TypeVar("AnswerT", bound=BaseModel)


class Neighbour:
    """A client with a token of its own; use it as a context that closes its connections."""

    def __init__(self, url: str, timeout_s: float, token_secret: str, clock: Clock) -> None:
        # It lives next door: no proxy stands between.
        self._client = httpx.AsyncClient(base_url=url, timeout=timeout_s, trust_env=False)
        self._token_secret = token_secret
        self._clock = clock

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def ask(
        self,
        method: str,
        path: str,
        answer: type[AnswerT],
        lost: str,
        *,
        query: dict[str, Any] | None = None,
        body: Any = None,
    ) -> AnswerT:
        """What it answers. Raises what it finds wrong with the question, in its own words (422).

        Raises `unavailable`, saying what is `lost` by that, where it gives no good answer in time.
        """
        token = issue(self._token_secret, "operator", None, self._clock())
        headers = {"Authorization": f"Bearer {token}"}
        try:
            given = await self._client.request(method, path, params=query, json=body, headers=headers)
            if given.status_code == httpx.codes.UNPROCESSABLE_ENTITY:
                raise _refusal(given)
            given.raise_for_status()
            return answer.model_validate_json(given.content)
        except (httpx.HTTPError, ValidationError) as error:
            raise DomainError("unavailable", f"{lost}; try again in a moment.") from error


def _refusal(given: httpx.Response) -> DomainError:
    problem = given.json()
    return DomainError(problem["code"], problem["detail"], errors=problem.get("errors", []))
