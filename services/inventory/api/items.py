"""HTTP door: items, one by one or many at once."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import AfterValidator, BaseModel, Field, ValidationError
from pydantic_core import from_json

from services.inventory.api.doors import Inventory
from services.inventory.store import items
from services.inventory.store.items import Item
from services.inventory.usecases.items import put_items
from shared.consumer import explain
from shared.contracts.values import Sku, Text, Wire
from shared.database import Transaction
from shared.errors import DomainError, InvalidRequest
from shared.gtin import checked, gtin_14, spellings
from shared.http.auth import Key, allow
from shared.http.door import Outcome, answer
from shared.http.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode, page
from shared.http.problems import responses

router = APIRouter(prefix="/v1/items", tags=["items"])

CSV_TYPE = "text/csv"
NDJSON_TYPE = "application/x-ndjson"
CODE_LIMIT = 2_000
"""Characters of a scanned code: a GS1 Digital Link may carry more than a GTIN."""


def _storable(attributes: dict[str, Any]) -> dict[str, Any]:
    if "\\u0000" in json.dumps(attributes):
        raise ValueError("NUL characters cannot be stored")
    return attributes


class ItemBody(Wire):
    """What is sold under a sku."""

    name: Text = Field(examples=["AIRism Cotton T-Shirt"])
    gtin: Annotated[str, AfterValidator(checked)] | None = Field(None, examples=["4901234567894"])
    attributes: Annotated[dict[str, Any], AfterValidator(_storable)] = Field(
        default_factory=dict, examples=[{"colour": "09 BLACK", "size": "M"}]
    )


class ItemLine(ItemBody):
    sku: Sku


class ItemShown(ItemLine):
    listed: bool = Field(description="False for what a till sold before Zaiko was told of it")


class RejectedLine(BaseModel):
    line: int = Field(description="Counted from 1, a header line included")
    code: str
    detail: str


class ImportReport(BaseModel):
    accepted: int
    rejected: list[RejectedLine]


async def decide_items(transaction: Transaction, requests: Sequence[Sequence[Item]]) -> list[Outcome]:
    """One answer for each request of items: the report of what went in."""
    await put_items(transaction, [item for request in requests for item in request])
    return [answer(ImportReport(accepted=len(request), rejected=[])) for request in requests]


@router.put(
    "/{sku}",
    summary="Create or change an item",
    description="Puts the whole item. 201 where it is new. A `gtin` must have a right GS1 check digit.",
    response_model=ItemShown,
    responses={201: {"model": ItemShown}, **responses("unauthenticated", "forbidden", "invalid_request")},
    dependencies=[allow("operator")],
)
async def put(sku: Annotated[Sku, Path()], body: ItemBody, doors: Inventory) -> Response:
    async with doors.database.transaction() as transaction:
        is_new = await put_items(transaction, [Item(sku, body.name, body.gtin, body.attributes)])
    shown = ItemShown(sku=sku, listed=True, **body.model_dump())
    return Response(shown.model_dump_json(), 201 if is_new[sku] else 200, media_type="application/json")


@router.get(
    "/{sku}",
    summary="One item",
    description="As it was last put.",
    responses=responses("unauthenticated", "not_found"),
    dependencies=[allow("operator", "storefront", "store-staff", "till")],
)
async def get(sku: Sku, doors: Inventory) -> ItemShown:
    async with doors.database.reading() as connection:
        row = await items.get(connection, sku)
    if row is None:
        raise DomainError("not_found", f"There is no item {sku}.")
    return ItemShown.model_construct(**{name: getattr(row, name) for name in ItemShown.model_fields})


@router.get(
    "",
    summary="All items",
    description="By sku. `listed=false` shows what tills sold before Zaiko was told of it. `gtin` is what a scanner"
    " reads: a GTIN of 8 to 14 digits, whatever its leading zeros, or a GS1 Digital Link URI.",
    responses=responses("unauthenticated", "invalid_request"),
    dependencies=[allow("operator", "storefront", "store-staff", "till")],
)
async def list_(
    doors: Inventory,
    listed: Annotated[bool | None, Query()] = None,
    gtin: Annotated[str | None, Query(max_length=CODE_LIMIT, examples=["4901234567894"])] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[ItemShown]:
    after = decode(cursor, 1)
    gtins = None if gtin is None else _spellings(gtin)
    async with doors.database.reading() as connection:
        rows = await items.page(connection, listed, gtins, after[0] if after else None, limit + 1)
    shown = [ItemShown.model_construct(**{name: getattr(row, name) for name in ItemShown.model_fields}) for row in rows]
    found, next_cursor = page(shown, limit, lambda item: [item.sku])
    return Page(items=found, next_cursor=next_cursor)


def _spellings(gtin: str) -> list[str]:
    """Raises `invalid_request`."""
    try:
        return spellings(gtin_14(gtin))
    except ValueError as error:
        raise InvalidRequest("/query/gtin", str(error)) from error


@router.post(
    "/import",
    summary="Import many items",
    description="`text/csv` with a header line (`sku,name,gtin`, further columns become attributes) or"
    " `application/x-ndjson`, one item a line. Good lines go in, bad lines are named; none is lost silently.",
    response_model=ImportReport,
    responses=responses("unauthenticated", "forbidden", "unsupported_media_type", "body_too_large", "invalid_request"),
    dependencies=[allow("operator")],
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                CSV_TYPE: {
                    "schema": {"type": "string"},
                    "example": "sku,name,gtin,size\n995242,AIRism Cotton T-Shirt,4901234567894,M\n",
                },
                NDJSON_TYPE: {
                    "schema": {"type": "string"},
                    "example": '{"sku": "995242", "name": "AIRism Cotton T-Shirt"}\n',
                },
            },
        }
    },
)
async def import_(request: Request, doors: Inventory, key: Key) -> Response:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in (CSV_TYPE, NDJSON_TYPE):
        raise DomainError("unsupported_media_type", f"Send {CSV_TYPE} or {NDJSON_TYPE}.")
    body = await request.body()
    accepted, rejected = _read(_csv_lines(body) if kind == CSV_TYPE else _ndjson_lines(body))
    stored = await doors.items(accepted, key)
    if not rejected:
        return stored
    report = ImportReport(accepted=len(accepted), rejected=rejected)
    headers = {name: value for name, value in stored.headers.items() if name == "idempotency-replayed"}
    return Response(report.model_dump_json(), stored.status_code, headers, "application/json")


Line = tuple[int, dict[str, Any] | RejectedLine]
"""A line's number, and what stands in it or what is wrong with it."""


def _read(lines: Iterator[Line]) -> tuple[list[Item], list[RejectedLine]]:
    accepted: list[Item] = []
    rejected: list[RejectedLine] = []
    for number, members in lines:
        if isinstance(members, RejectedLine):
            rejected.append(members)
            continue
        try:
            item = ItemLine.model_validate(members)
        except ValidationError as error:
            rejected.append(RejectedLine(line=number, code="invalid_request", detail=explain(error)))
        else:
            accepted.append(Item(item.sku, item.name, item.gtin, item.attributes))
    return accepted, rejected


def _csv_lines(body: bytes) -> Iterator[Line]:
    """Undecodable bytes stand for themselves, so that only their own line is rejected."""
    reader = csv.DictReader(io.StringIO(body.decode("utf-8-sig", "surrogateescape"), newline=""))
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            number = reader.reader.line_num
            yield number, RejectedLine(line=number, code="malformed_line", detail=str(error))
            continue
        if row is None:
            return
        yield reader.line_num, _from_columns(reader.line_num, row)


def _from_columns(number: int, row: dict[str | Any, str | Any]) -> dict[str, Any] | RejectedLine:
    if None in row or None in row.values():
        return RejectedLine(line=number, code="malformed_line", detail="not as many columns as the header line names")
    if any("\udc80" <= character <= "\udcff" for value in row.values() for character in value):
        return RejectedLine(line=number, code="malformed_line", detail="not UTF-8")
    known = {name: row[name] for name in ("sku", "name", "gtin") if row.get(name)}
    attributes = {name: value for name, value in row.items() if name not in ("sku", "name", "gtin") and value}
    return {**known, "attributes": attributes}


def _ndjson_lines(body: bytes) -> Iterator[Line]:
    for number, line in enumerate(body.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            yield number, from_json(line)
        except ValueError as error:
            yield number, RejectedLine(line=number, code="malformed_line", detail=f"not JSON: {error}")
