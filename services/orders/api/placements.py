"""HTTP door: placing an order, and waiting for its decision."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Body, Header, Request, Response
from pydantic import BaseModel
from pydantic_core import from_json

from services.orders.api.answers import Line, Order, OrderRejection, TimelineStep
from services.orders.api.doors import Doors, OrdersDoors
from services.orders.api.order_bodies import EXAMPLES, OrderBody, check, total
from services.orders.api.preferences import WAIT_LIMIT_S, preferred_wait
from services.orders.domain.sourcing import Network
from services.orders.domain.states import State
from services.orders.store.locations import Networks
from services.orders.usecases.placements import CAUSE, Place, Placed, place
from services.orders.usecases.sourcing import knows_places_for, with_channels_split
from shared.clock import Clock
from shared.contracts.values import Money
from shared.database import Transaction
from shared.errors import DomainError
from shared.http.auth import Key, allow
from shared.http.door import Decide, Outcome, answer, to_answer
from shared.http.idempotency import Answer
from shared.http.problems import DETAILS, STATUS, responses
from shared.identifiers import new_id

router = APIRouter(prefix="/v1/orders", tags=["orders"])

ARRIVAL_LIMIT_S = 1.5
"""So long an order waits for news of its store: locations come over the bus, a moment after inventory knows them."""
ARRIVAL_LOOK_S = 0.05
REPLAYED = "Idempotency-Replayed"


class _Reference(BaseModel):
    order_id: str


def placing(clock: Clock, networks: Networks, candidates_limit: int) -> Decide[Place]:
    """The use case as a door takes it: a new order is 202 and pending, one that was there already is 200."""

    async def decide(transaction: Transaction, commands: Sequence[Place]) -> list[Outcome]:
        now = clock()
        network = await networks.today(transaction, now, [command.channel for command in commands])
        resolved = [_with_split(command, network) for command in commands]
        outcomes = await place(transaction, resolved, now, network, candidates_limit)
        return [_outcome(command, outcome, now) for command, outcome in zip(resolved, outcomes, strict=True)]

    return decide


def _with_split(command: Place, network: Network) -> Place:
    return replace(command, fulfilment=with_channels_split(command.channel, command.fulfilment, network))


def _outcome(command: Place, outcome: Placed | DomainError, now: datetime) -> Outcome:
    if isinstance(outcome, DomainError):
        return outcome
    return answer(_pending(command, now), 202) if outcome.is_first else answer(_Reference(order_id=outcome.order_id))


def _pending(command: Place, now: datetime) -> Order:
    return Order(
        order_id=command.order_id,
        channel=command.channel,
        external_id=command.external_id,
        member_id=command.member_id,
        state=State.PENDING,
        lines=[Line(sku=line.sku, quantity=line.quantity, unit_price=line.unit_price) for line in command.lines],
        allocations=[],
        fulfilment=command.fulfilment,
        backorder=command.backorder,
        total=Money(amount=total(command.lines), currency=command.currency),
        shipments=[],
        returns=[],
        created_at=now,
        timeline=[TimelineStep(state=State.PENDING, at=now, cause=CAUSE)],
    )


@router.post(
    "",
    summary="Place an order",
    description="The order is stored, and inventory is asked to promise all of it or nothing. With `Prefer: wait=N`"
    f" (seconds, at most {WAIT_LIMIT_S}) the answer is the decision: 201 with the confirmed order, or 409"
    " `insufficient_stock` with the `shortages`. Undecided in time, or without the header, it is 202 with the pending"
    " order and its `Location`. A pickup order that names a `slot` is confirmed once it has both stock and slot;"
    " a slot that is full is 409 `slot_full` with `next_slots`, and nothing stays held. An order with `backorder` holds"
    " what is there, and is promised the rest from what is expected: 201 `backordered`, with a date by line."
    " An `external_id` that its channel has used already answers with that first order, as it stands: 200, 202 or 409."
    " A repeated `Idempotency-Key` waits and answers by the order's state now.",
    response_model=Order,
    responses={
        200: {"model": Order, "description": "The channel had placed it before"},
        201: {"model": Order, "description": "Confirmed, or backordered"},
        202: {"model": Order, "description": "Pending"},
        **responses(
            "unauthenticated",
            "forbidden",
            "insufficient_stock",
            "slot_full",
            "slot_not_offered",
            "not_sourceable",
            "request_in_flight",
            "invalid_request",
            "unknown_location",
            "idempotency_key_reused",
            "overloaded",
        ),
    },
    dependencies=[allow("storefront", "operator")],
)
async def post(
    body: Annotated[OrderBody, Body(openapi_examples=EXAMPLES)],
    request: Request,
    doors: OrdersDoors,
    key: Key,
    prefer: Annotated[
        list[str] | None, Header(description="`wait=N`: answer when it is decided (RFC 7240)", examples=["wait=5"])
    ] = None,
) -> Response:
    check(body)
    command = _command(body)
    await _places_are_known(doors, command)
    wait_s = 0 if doors.decisions.is_full else preferred_wait(prefer or ())
    with doors.decisions.watching(command.order_id) as watch:
        placed = await doors.place(command, key)
        if placed.status_code >= 300:
            return placed
        is_fresh = placed.status_code == 202 and REPLAYED not in placed.headers
        if not is_fresh:
            answered = await _as_it_stands(doors, placed, wait_s)
        elif wait_s:
            answered = _by_state(await doors.decisions.decided(watch, command.order_id, wait_s), is_own=True)
        else:
            answered = placed
    return _with_headers(answered, request, placed, wait_s)


async def _places_are_known(doors: Doors, command: Place) -> None:
    """Give a location that was put a moment ago the time to arrive, before an order at it is refused for good."""
    looks = int(ARRIVAL_LIMIT_S / ARRIVAL_LOOK_S)
    while looks and not knows_places_for(command.fulfilment, doors.networks.latest):
        async with doors.database.reading() as connection:
            if knows_places_for(command.fulfilment, await doors.networks.current(connection)):
                return
        await asyncio.sleep(ARRIVAL_LOOK_S)
        looks -= 1


async def _as_it_stands(doors: Doors, placed: Response, wait_s: int) -> Response:
    """The order that was placed before, waited for like a new one where it is still pending."""
    order_id = _order_id(placed)
    with doors.decisions.watching(order_id) as watch:
        order = await doors.decisions.read(order_id)
        if wait_s and order is not None and order.state is State.PENDING:
            order = await doors.decisions.decided(watch, order_id, wait_s)
    return _by_state(order, is_own=placed.status_code == 202)


def _by_state(order: Order | None, *, is_own: bool) -> Response:
    """201 tells the one who placed it that it is confirmed; who placed it again gets 200."""
    if order is None:
        raise DomainError("not_found", "The order is not here any more.")
    if order.state is State.REJECTED and order.rejection is not None:
        return _rejected(order, order.rejection).response()
    if order.state is State.REJECTED:
        shortages = [shortage.model_dump() for shortage in order.shortages or ()]
        detail = DETAILS["insufficient_stock"]
        return to_answer(
            DomainError("insufficient_stock", detail, shortages=shortages, order_id=order.order_id)
        ).response()
    if order.state is State.PENDING:
        return answer(order, 202).response()
    return answer(order, 201 if is_own and order.state is not State.CANCELLED else 200).response()


def _rejected(order: Order, rejection: OrderRejection) -> Answer:
    """A code that this service does not know yet is a conflict like the others."""
    code = rejection.code if rejection.code in STATUS else "conflict"
    return to_answer(DomainError(code, rejection.detail, **rejection.more, order_id=order.order_id))


def _with_headers(answered: Response, request: Request, placed: Response, wait_s: int) -> Response:
    if answered.status_code < 300:
        answered.headers["Location"] = f"{request.scope.get('root_path', '')}{router.prefix}/{_order_id(answered)}"
    if REPLAYED in placed.headers:
        answered.headers[REPLAYED] = placed.headers[REPLAYED]
    if wait_s:
        answered.headers["Preference-Applied"] = f"wait={wait_s}"
    return answered


def _order_id(answered: Response) -> str:
    order_id: str = from_json(bytes(answered.body))["order_id"]
    return order_id


def _command(body: OrderBody) -> Place:
    return Place(
        order_id=new_id(),
        channel=body.channel,
        external_id=body.external_id,
        member_id=body.member_id,
        currency=body.currency,
        lines=body.lines,
        fulfilment=body.fulfilment,
        reservation_id=body.reservation_id,
        backorder=body.backorder,
    )
