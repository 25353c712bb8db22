"""Lists come in pages: `limit`, an opaque `cursor`, and `next_cursor` until there is no more."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel

from shared.errors import InvalidRequest

ItemT = TypeVar("ItemT")

Limit = Annotated[int, Query(ge=1, le=500, description="At most so many items")]
Cursor = Annotated[str | None, Query(max_length=500, description="`next_cursor` of the page before")]
DEFAULT_LIMIT = 100


class Page(BaseModel, Generic[ItemT]):
    items: list[ItemT]
    next_cursor: str | None = None


def page(rows: Sequence[ItemT], limit: int, key: Callable[[ItemT], Sequence[Any]]) -> tuple[list[ItemT], str | None]:
    """The first `limit` of up to `limit + 1` rows, and the cursor to go on from where there are more."""
    shown = list(rows[:limit])
    return shown, encode(key(shown[-1])) if len(rows) > limit else None


def encode(key: Sequence[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(list(key), default=str).encode()).decode().rstrip("=")


def decode(cursor: str | None, parts: int) -> list[Any] | None:
    """The key after which the page begins; None for the first page. Raises `invalid_request`."""
    if cursor is None:
        return None
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError) as error:
        raise InvalidRequest("/query/cursor", "not a cursor of this list") from error
    if not isinstance(key, list) or len(key) != parts:
        raise InvalidRequest("/query/cursor", "not a cursor of this list")
    return key
