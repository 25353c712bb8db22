"""Cursors of lists that are in the order of an instant and, among equals, of the pickup."""

from datetime import datetime
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from shared.contracts.values import Instant
from shared.errors import InvalidRequest
from shared.http.paging import decode

_PLACE: TypeAdapter[tuple[datetime, UUID]] = TypeAdapter(tuple[Instant, UUID])


def instant_and_id(cursor: str | None) -> tuple[datetime, str] | None:
    """Where the page before ended, (instant, pickup_id); None for the first page. Raises `invalid_request`."""
    key = decode(cursor, 2)
    if key is None:
        return None
    try:
        instant, pickup_id = _PLACE.validate_python(key)
    except ValidationError as error:
        raise InvalidRequest("/query/cursor", "not a cursor of this list") from error
    return instant, str(pickup_id)
