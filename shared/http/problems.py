"""Errors as RFC 9457 problem documents. The one place where a domain code becomes an HTTP status."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic_core import to_json
from starlette.exceptions import HTTPException

from shared.bus.base import BusUnavailable
from shared.contracts.event import pointer
from shared.database import is_transient
from shared.errors import DomainError, Overloaded

MEDIA_TYPE = "application/problem+json"
log = structlog.get_logger(__name__)

STATUS: Mapping[str, int] = {
    "malformed_request": 400,
    "malformed_event": 400,
    "unauthenticated": 401,
    "forbidden": 403,
    "wrong_code": 403,
    "wrong_collector": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "already_rated": 409,
    "conflict": 409,
    "channel_closed": 409,
    "illegal_transition": 409,
    "insufficient_stock": 409,
    "not_sourceable": 409,
    "nothing_to_pick": 409,
    "more_than_sold": 409,
    "request_in_flight": 409,
    "reservation_mismatch": 409,
    "slot_full": 409,
    "slot_not_offered": 409,
    "wrong_item": 409,
    "body_too_large": 413,
    "unsupported_media_type": 415,
    "idempotency_key_reused": 422,
    "invalid_request": 422,
    "unknown_gtin": 422,
    "unknown_location": 422,
    "unknown_sku": 422,
    "locked": 423,
    "internal_error": 500,
    "overloaded": 503,
    "unavailable": 503,
}

DETAILS: Mapping[str, str] = {
    "more_than_sold": "More is to come back than was sold and is still with customers; `shortages` name what may.",
    "unauthenticated": "Send a bearer token: `Authorization: Bearer …`.",
    "forbidden": "This token's role or location does not allow it.",
    "not_found": "There is nothing under this name.",
    "wrong_collector": "The customer has not named this person.",
    "already_rated": "It was rated before, and a rating stays.",
    "nothing_to_pick": "No bag of this store waits to be picked outside of a round.",
    "wrong_item": "This item belongs into none of these bags.",
    "unknown_gtin": "No item has this GTIN.",
    "illegal_transition": "It is not in a state from which this step is possible.",
    "channel_closed": "This channel is closed: nothing is promised to it; ask again when it is open.",
    "insufficient_stock": "Some lines ask for more than is available; nothing was held.",
    "not_sourceable": "The channel's routing policy leaves no place for this order now; change one of the two.",
    "slot_full": "The slot is full; `next_slots` are free.",
    "slot_not_offered": "The store has no slot at that time; `next_slots` are free.",
    "idempotency_key_reused": "This Idempotency-Key was used for another request; choose a new one.",
    "request_in_flight": "A request with this Idempotency-Key is being decided; ask again in a moment.",
    "invalid_request": "Some fields cannot be accepted; `errors` names each with its place.",
    "body_too_large": "The body is larger than this service accepts; send it in parts.",
    "overloaded": "Too much is waiting; try again after the seconds in `Retry-After`.",
}


def document(code: str, detail: str, **extra: Any) -> dict[str, Any]:
    """The members of a problem document."""
    status = STATUS[code]
    return {
        "type": f"urn:zaiko:problem:{code}",
        "title": code.replace("_", " ").capitalize(),
        "status": status,
        "detail": detail,
        "code": code,
        **extra,
    }


def response(code: str, detail: str, headers: Mapping[str, str] | None = None, **extra: Any) -> Response:
    members = document(code, detail, **extra)
    return Response(to_json(members), members["status"], dict(headers or {}), MEDIA_TYPE)


def from_domain_error(error: DomainError) -> Response:
    return response(error.code, error.detail, **error.extra)


def responses(*codes: str) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI `responses` of an operation that may answer with these codes, an example of each."""
    by_status: dict[int | str, dict[str, Any]] = {}
    for code in codes:
        status = STATUS[code]
        entry = by_status.setdefault(
            status,
            {
                "description": HTTPStatus(status).phrase,
                "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": {}}},
            },
        )
        detail = DETAILS.get(code, code.replace("_", " ").capitalize() + ".")
        entry["content"][MEDIA_TYPE]["examples"][code] = {"value": document(code, detail)}
    return by_status


PROBLEM_SCHEMA = {
    "title": "Problem",
    "description": "RFC 9457 problem document",
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "description": "Stable; meant for programs"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}


def install(app: FastAPI) -> None:
    """Answer every error of the app as a problem document, without traces, SQL or secrets."""
    app.add_exception_handler(DomainError, _domain_error)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _http_exception)
    app.add_exception_handler(Overloaded, _overloaded)
    app.add_exception_handler(Exception, _unexpected)


async def _domain_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, DomainError)
    return from_domain_error(error)


async def _invalid_request(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [{"pointer": _pointer(fault["loc"], error.body), "detail": fault["msg"]} for fault in error.errors()]
    return response("invalid_request", DETAILS["invalid_request"], errors=errors)


def _pointer(location: Sequence[Any], body: Any) -> str:
    """The JSON Pointer to a fault: within the body, or `/query/limit` and the like for other parts of the request."""
    if not location or location[0] != "body":
        return pointer(location)
    parts: list[str | int] = []
    node = body
    for place, part in enumerate(location[1:], start=2):
        is_last = place == len(location)
        if (isinstance(node, dict) and part in node) or (
            isinstance(node, list) and isinstance(part, int) and part < len(node)
        ):
            node = node[part]
        elif not is_last or not isinstance(node, dict):
            continue  # the tag of a union, or a place in bytes that are no JSON: in no document
        parts.append(part)
    return pointer(parts)


async def _http_exception(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    # What went wrong while the body was read reaches us as the cause of a plain 400.
    if isinstance(error.__cause__, DomainError):
        return from_domain_error(error.__cause__)
    if isinstance(error.__cause__, UnicodeDecodeError):
        fault = {"pointer": "", "detail": f"not UTF-8: byte {error.__cause__.start} cannot be decoded"}
        return response("invalid_request", DETAILS["invalid_request"], errors=[fault])
    codes = {
        400: "malformed_request",
        401: "unauthenticated",
        403: "forbidden",
        404: "not_found",
        405: "method_not_allowed",
        413: "body_too_large",
        415: "unsupported_media_type",
    }
    code = codes.get(error.status_code, "internal_error" if error.status_code >= 500 else "malformed_request")
    return response(code, DETAILS.get(code, str(error.detail)), headers=error.headers)


async def _overloaded(_: Request, error: Exception) -> Response:
    assert isinstance(error, Overloaded)
    return response("overloaded", DETAILS["overloaded"], headers={"Retry-After": str(error.retry_after_s)})


async def _unexpected(request: Request, error: Exception) -> Response:
    if is_transient(error) or isinstance(error, BusUnavailable):
        return response(
            "unavailable",
            "A part that is needed is away; try again in a moment.",
            headers={"Retry-After": "1"},
        )
    log.error("http.unexpected", method=request.method, path=request.url.path, exc_info=error)
    return response("internal_error", "Something failed here; the fault was logged and nothing was changed.")
