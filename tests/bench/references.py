"""What the product is held against, on the same server: an endpoint that does nothing, and an ordinary transaction.

Both take the same body through the same models, token check and middleware as the product's endpoint.
"""

import json
from datetime import timedelta
from typing import Annotated, Any

import asyncpg
from fastapi import APIRouter, Response
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from uuid_utils import uuid7

from services.inventory.api.reservations import ReservationBody
from services.orders.api.order_bodies import OrderBody
from shared.clock import utc_now
from shared.http.auth import allow

POOL_SIZE = 12
"""Connections of the ordinary service: as many as the product has."""
HOLD = timedelta(minutes=15)
Anybody: Any = Annotated[Any, allow("operator")]

TABLES = """
CREATE SCHEMA bench;
CREATE TABLE bench.levels (LIKE inventory.levels INCLUDING ALL);
CREATE TABLE bench.reservations (LIKE inventory.reservations INCLUDING ALL);
CREATE TABLE bench.reservation_lines (LIKE inventory.reservation_lines INCLUDING ALL);
CREATE TABLE bench.outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL, key text NOT NULL, headers text NOT NULL, value bytea NOT NULL
);
CREATE TABLE bench.commits (id integer PRIMARY KEY, value bigint NOT NULL) WITH (fillfactor = 50);
INSERT INTO bench.commits SELECT number, 0 FROM generate_series(0, 999) AS number;
"""
"""Tables of the references' own; stock and promises with the indexes and constraints of the product's."""

_TAKE = text(
    """
    UPDATE bench.levels SET reserved = reserved + :quantity, updated_at = :now
    WHERE sku = :sku AND location_id = :location_id AND on_hand - reserved - safety_stock >= :quantity
    RETURNING on_hand - reserved - safety_stock + :quantity AS available
    """
)
_RESERVE = text(
    """
    INSERT INTO bench.reservations (reservation_id, reference, channel, state, expires_at, created_at, updated_at)
    VALUES (:reservation_id, :reference, :channel, 'held', :expires_at, :now, :now)
    """
)
_LINE = text(
    """
    INSERT INTO bench.reservation_lines (reservation_id, sku, location_id, quantity, open, available)
    VALUES (:reservation_id, :sku, :location_id, :quantity, :quantity, :available)
    """
)
_ANNOUNCE = text("INSERT INTO bench.outbox (topic, key, headers, value) VALUES (:topic, :key, :headers, :value)")


async def make_tables(database_url: str, sku: str, location_id: str, quantity: int) -> None:
    """The references' tables, and so many units of one item at one place in their levels."""
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(TABLES)
        level = "INSERT INTO bench.levels (sku, location_id, on_hand) VALUES ($1, $2, $3)"
        await connection.execute(level, sku, location_id, quantity)
    finally:
        await connection.close()


def idle_endpoints() -> APIRouter:
    """What HTTP, JSON, validation and the token cost, and nothing else."""
    router = APIRouter()

    @router.post("/noop/reservations", status_code=201)
    async def reservation(body: ReservationBody, principal: Anybody) -> Response:
        return Response(b'{"state":"held"}', 201, media_type="application/json")

    @router.post("/noop/orders", status_code=201)
    async def order(body: OrderBody, principal: Anybody) -> Response:
        return Response(b'{"state":"confirmed"}', 201, media_type="application/json")

    @router.get("/noop/availability")
    async def availability(sku: str, principal: Anybody) -> Response:
        return Response(b'{"items":[]}', media_type="application/json")

    return router


def ordinary_endpoint(database_url: str) -> APIRouter:
    """A reservation as an ordinary service makes it: one transaction for each, with a conditional UPDATE."""
    router = APIRouter()
    url = make_url(database_url).set(drivername="postgresql+asyncpg")
    engine = create_async_engine(url, pool_size=POOL_SIZE, max_overflow=0)

    @router.post("/ordinary/reservations", status_code=201)
    async def reservation(body: ReservationBody, principal: Anybody) -> Response:
        async with engine.begin() as transaction:
            held = await _reserve(transaction, body)
        if held is None:
            return Response(b'{"code":"insufficient_stock"}', 409, media_type="application/problem+json")
        return Response(held, 201, media_type="application/json")

    return router


async def _reserve(transaction: AsyncConnection, body: ReservationBody) -> bytes | None:
    """The reservation as JSON; None where there is too little."""
    now = utc_now()
    assert body.sourcing is not None
    values: dict[str, Any] = {
        "reservation_id": str(uuid7()),
        "reference": body.reference,
        "channel": body.channel,
        "sku": body.lines[0].sku,
        "location_id": body.sourcing.candidates[0],
        "quantity": body.lines[0].quantity,
        "now": now,
        "expires_at": now + HOLD,
    }
    available = (await transaction.execute(_TAKE, values)).scalar()
    if available is None:
        return None
    await transaction.execute(_RESERVE, values)
    await transaction.execute(_LINE, values | {"available": available})
    shown = {
        name: values[name] for name in ("reservation_id", "reference", "channel", "sku", "location_id", "quantity")
    }
    value = json.dumps(shown | {"state": "held", "expires_at": values["expires_at"].isoformat()}).encode()
    headers = json.dumps({"ce_specversion": "1.0", "ce_id": str(uuid7()), "ce_type": "zaiko.reservation.held.v1"})
    event = {"topic": "zaiko.reservations", "key": body.reference, "headers": headers, "value": value}
    await transaction.execute(_ANNOUNCE, event)
    return value
