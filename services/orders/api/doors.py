"""What the HTTP doors of orders open on: the writes, each decided in batches, and the decisions to wait for."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, TypeVar

from fastapi import Depends, Request

from services.orders.api.answers import Order, shown
from services.orders.api.decisions import Decisions
from services.orders.domain import orders as domain
from services.orders.store.locations import Networks
from services.orders.store.reservation_previews import ReservationPreviews
from services.orders.usecases.amendments import Amend, amend
from services.orders.usecases.cancellations import Cancel, cancel
from services.orders.usecases.placements import Place
from services.orders.usecases.reassignments import Reject
from services.orders.usecases.returns import TakeBack, take_back
from services.orders.usecases.shipments import Ship, ship
from shared.clock import Clock
from shared.database import Database, Transaction
from shared.errors import DomainError
from shared.http.door import Decide, Door, Outcome, answer

CommandT = TypeVar("CommandT", Amend, Cancel, Reject, Ship, TakeBack)
UseCase = Callable[[Transaction, Sequence[CommandT], datetime], Awaitable[Sequence[domain.Order | DomainError]]]


@dataclass(frozen=True)
class Doors:
    database: Database
    clock: Clock
    previews: ReservationPreviews
    candidates_limit: int
    decisions: Decisions
    networks: Networks
    place: Door[Place]
    cancel: Door[Cancel]
    amend: Door[Amend]
    reject: Door[Reject]
    ship: Door[Ship]
    take_back: Door[TakeBack]


def open_doors(
    database: Database,
    clock: Clock,
    decisions: Decisions,
    networks: Networks,
    place: Decide[Place],
    previews: ReservationPreviews,
    candidates_limit: int,
    reject: UseCase[Reject],
) -> Doors:
    """All doors of one app; `place` and `reject` are the use cases that need to know of places."""
    return Doors(
        database=database,
        clock=clock,
        previews=previews,
        candidates_limit=candidates_limit,
        decisions=decisions,
        networks=networks,
        place=Door("orders.place", database, place),
        cancel=Door("orders.cancel", database, _answering(cancel, clock, 200)),
        amend=Door("orders.amend", database, _answering(amend, clock, 200)),
        reject=Door("orders.reject", database, _answering(reject, clock, 200)),
        ship=Door("orders.ship", database, _answering(ship, clock, 201)),
        take_back=Door("orders.return", database, _answering(take_back, clock, 201)),
    )


def _answering(use_case: UseCase[CommandT], clock: Clock, status: int) -> Decide[CommandT]:
    """The use case with the orders it moved as answers."""

    async def decide(transaction: Transaction, commands: Sequence[CommandT]) -> list[Outcome]:
        outcomes = await use_case(transaction, commands, clock())
        moved = [outcome.order_id for outcome in outcomes if isinstance(outcome, domain.Order)]
        orders = {order.order_id: order for order in await shown(transaction, moved) if order is not None}
        return [_answer(outcome, orders, status) for outcome in outcomes]

    return decide


def _answer(outcome: domain.Order | DomainError, orders: dict[str, Order], status: int) -> Outcome:
    return outcome if isinstance(outcome, DomainError) else answer(orders[outcome.order_id], status)


async def _doors(request: Request) -> Doors:
    doors: Doors = request.app.state.doors
    return doors


OrdersDoors = Annotated[Doors, Depends(_doors)]
