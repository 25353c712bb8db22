"""HTTP door: stock, its movements and its ledger."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field, model_validator

from services.inventory.api.doors import Inventory
from services.inventory.domain.ledger import Kind, Movement
from services.inventory.domain.levels import Level
from services.inventory.store import items, ledger, levels
from services.inventory.usecases.stock import check_known, move_stock, set_safety_stock
from shared.clock import Clock
from shared.contracts.values import CountedQuantity, Instant, LocationId, Reference, SignedQuantity, Sku, Text, Wire
from shared.database import Transaction
from shared.errors import DomainError
from shared.http.auth import Key, allow
from shared.http.door import Decide, Outcome, answer
from shared.http.paging import DEFAULT_LIMIT, Cursor, Limit, Page, decode, page
from shared.http.problems import responses
from shared.principal import Principal

router = APIRouter(prefix="/v1/stock", tags=["stock"])

MOVEMENTS_LIMIT = 5_000
SOURCE = "/movements"
"""Movements by hand have the caller's id under one source: an id counts once, whoever sends it."""


class MovementBody(Wire):
    """`quantity` is positive; signed for an `adjustment`; what was counted for a `count`."""

    id: Reference = Field(description="Your own id of this movement: it takes effect once", examples=["delivery-81/1"])
    kind: Literal["receipt", "adjustment", "count", "damage", "repair", "transfer", "transfer_receipt"]
    sku: Sku
    location_id: LocationId
    quantity: SignedQuantity = Field(examples=[24])
    occurred_at: Instant
    reference: Reference | None = None
    reason: Text | None = None
    to_location_id: LocationId | None = Field(None, description="Where a `transfer` goes")

    @model_validator(mode="after")
    def _fits_its_kind(self) -> "MovementBody":
        if self.kind == "count" and self.quantity < 0:
            raise ValueError("quantity: a counted number is not negative")
        if self.kind == "adjustment" and self.quantity == 0:
            raise ValueError("quantity: an adjustment of 0 changes nothing")
        if self.kind not in ("count", "adjustment") and self.quantity < 1:
            raise ValueError(f"quantity: a {self.kind} moves at least 1 unit")
        if (self.kind == "transfer") != (self.to_location_id is not None):
            raise ValueError("to_location_id: a transfer has one, and nothing else has")
        if self.to_location_id == self.location_id:
            raise ValueError("to_location_id: a transfer goes to another place")
        return self


class Movements(Wire):
    movements: Annotated[list[MovementBody], Field(min_length=1, max_length=MOVEMENTS_LIMIT)]


class MovementsReport(BaseModel):
    applied: int = Field(examples=[1])
    duplicates: int = Field(description="Movements whose id had been recorded before", examples=[0])


class StockLevel(BaseModel):
    """Whole units. available = on_hand - reserved - safety_stock - awaited, never below 0."""

    location_id: LocationId
    on_hand: int
    reserved: int
    available: int
    safety_stock: int
    awaited: int = Field(description="Owed to backorders: promised from what is expected here", examples=[0])
    damaged: int
    in_transit: int
    updated_at: Instant


class Stock(BaseModel):
    sku: Sku
    as_of: Instant
    locations: list[StockLevel]


class StockAtLocation(StockLevel):
    sku: Sku


class StockPage(Page[StockAtLocation]):
    as_of: Instant


class SafetyStock(Wire):
    location_id: LocationId
    quantity: CountedQuantity


class LedgerEntry(BaseModel):
    """`quantity` units out of one account into another; `balance` is the on_hand right after it was recorded."""

    sku: Sku
    location_id: LocationId
    kind: Kind
    out_of: str
    into: str
    quantity: int
    balance: int
    counted: int | None
    cause: dict[str, Any] = Field(examples=[{"source": "/locations/S367/tills/2", "id": "31198459022", "line": 0}])
    to_location_id: str | None
    reference: str | None
    reason: str | None
    actor: str
    occurred_at: Instant
    recorded_at: Instant


def moving(clock: Clock) -> Decide[Sequence[Movement]]:
    """Movements of several requests, recorded together."""

    async def decide(transaction: Transaction, requests: Sequence[Sequence[Movement]]) -> list[Outcome]:
        fresh = await move_stock(transaction, requests, clock())
        return [
            answer(MovementsReport(applied=len(new), duplicates=len(request) - len(new)))
            for request, new in zip(requests, fresh, strict=True)
        ]

    return decide


@router.post(
    "/movements",
    summary="Record stock movements",
    description="All or nothing. A movement whose `id` is known already is a duplicate and changes nothing."
    " `transfer` leaves now and arrives with `transfer_receipt`; `count` says what lay on the shelf at `occurred_at`.",
    response_model=MovementsReport,
    responses=responses("unauthenticated", "forbidden", "unknown_location", "unknown_sku", "invalid_request"),
)
async def move(
    body: Movements,
    doors: Inventory,
    principal: Annotated[Principal, allow("operator", "store-staff")],
    key: Key,
) -> Response:
    places: dict[str, str] = {}
    skus: dict[str, str] = {}
    for number, movement in enumerate(body.movements):
        principal.require_location(movement.location_id)
        places.setdefault(movement.location_id, f"/movements/{number}/location_id")
        places.setdefault(movement.to_location_id or movement.location_id, f"/movements/{number}/to_location_id")
        skus.setdefault(movement.sku, f"/movements/{number}/sku")
    async with doors.database.transaction() as transaction:
        await check_known(transaction, places, skus)
    return await doors.movements([_movement(movement, principal) for movement in body.movements], key)


def _movement(body: MovementBody, principal: Principal) -> Movement:
    return Movement(
        source=SOURCE,
        event_id=body.id,
        line=0,
        kind=Kind(body.kind),
        sku=body.sku,
        location_id=body.location_id,
        quantity=body.quantity,
        occurred_at=body.occurred_at,
        actor=principal.actor,
        to_location_id=body.to_location_id,
        reference=body.reference,
        reason=body.reason,
    )


@router.get(
    "",
    summary="Stock by location",
    description="Levels by location, then sku; of one location with `location_id`.",
    responses=responses("unauthenticated", "invalid_request"),
    dependencies=[allow("operator", "storefront", "store-staff", "till")],
)
async def by_location(
    doors: Inventory,
    location_id: Annotated[LocationId | None, Query()] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> StockPage:
    async with doors.database.reading() as connection:
        rows = await levels.page_by_location(connection, location_id, decode(cursor, 2), limit + 1)
    shown = [StockAtLocation(sku=row.sku, **_level(row)) for row in rows]
    found, next_cursor = page(shown, limit, lambda level: [level.location_id, level.sku])
    return StockPage(items=found, next_cursor=next_cursor, as_of=doors.clock())


@router.get(
    "/{sku}",
    summary="Stock of one item",
    description="Its level at every location that ever had it.",
    responses=responses("unauthenticated", "not_found"),
    dependencies=[allow("operator", "storefront", "store-staff", "till")],
)
async def by_sku(sku: Sku, doors: Inventory) -> Stock:
    async with doors.database.reading() as connection:
        rows = await levels.of_sku(connection, sku)
        if not rows and await items.get(connection, sku) is None:
            raise DomainError("not_found", f"There is no item {sku}.")
    return Stock(sku=sku, as_of=doors.clock(), locations=[StockLevel(**_level(row)) for row in rows])


def _level(row: Any) -> dict[str, Any]:
    level = Level(row.on_hand, row.reserved, row.safety_stock, row.awaited)
    shown = {name: getattr(row, name) for name in StockLevel.model_fields if name != "available"}
    return {**shown, "available": level.available}


@router.get(
    "/{sku}/ledger",
    summary="Why stock is what it is",
    description="Every movement of an item, the newest fact first.",
    responses=responses("unauthenticated", "invalid_request"),
    dependencies=[allow("operator", "store-staff")],
)
async def history(
    sku: Sku,
    doors: Inventory,
    location_id: Annotated[LocationId | None, Query()] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[LedgerEntry]:
    after = decode(cursor, 2)
    async with doors.database.reading() as connection:
        rows = await ledger.page(connection, sku, location_id, after and [_instant(after[0]), after[1]], limit + 1)
    found, next_cursor = page(rows, limit, lambda row: [row.occurred_at.isoformat(), row.entry_id])
    return Page(items=[_entry(row) for row in found], next_cursor=next_cursor)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _entry(row: Any) -> LedgerEntry:
    cause = {"source": row.source, "id": row.event_id, "line": row.line}
    shown = {name: getattr(row, name) for name in LedgerEntry.model_fields if name != "cause"}
    return LedgerEntry(**shown, cause=cause)


@router.put(
    "/{sku}/safety-stock",
    summary="Set the safety stock",
    description="Units at a place that are never promised, for breakage and for what counts get wrong.",
    responses=responses("unauthenticated", "forbidden", "unknown_location", "unknown_sku", "invalid_request"),
    dependencies=[allow("operator")],
)
async def put_safety_stock(sku: Annotated[Sku, Path()], body: SafetyStock, doors: Inventory) -> SafetyStock:
    async with doors.database.transaction() as transaction:
        await check_known(transaction, {body.location_id: "/location_id"}, {sku: "/sku"})
        await set_safety_stock(transaction, (body.location_id, sku), body.quantity, doors.clock())
    return body
