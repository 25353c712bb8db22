"""Placing orders: stored, and inventory asked to promise them, in one transaction for all that are waiting."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.orders.domain.refusals import Refused
from services.orders.domain.sourcing import Network, Plan
from services.orders.domain.states import State
from services.orders.store import placements
from services.orders.store.placements import Name, PlacedOrder
from services.orders.usecases.announcements import SOURCE
from services.orders.usecases.refusals import as_domain_error
from services.orders.usecases.slots import slot_requests
from services.orders.usecases.sourcing import plan
from shared.contracts.event import Event
from shared.contracts.orders import PLACED, OrderLine, OrderPlaced, PickupFulfilment, ShipFulfilment
from shared.contracts.reservations import Sourcing
from shared.database import Transaction
from shared.errors import DomainError
from shared.identifiers import new_id
from shared.outbox import announce

CAUSE = PLACED.name


@dataclass(frozen=True, slots=True)
class Place:
    """An order to be placed under `order_id`. `reservation_id` is the cart's, if it holds stock already.

    A `backorder` is content with what is expected where there is too little.
    """

    order_id: str
    channel: str
    external_id: str | None
    member_id: str | None
    currency: str
    lines: Sequence[OrderLine]
    fulfilment: PickupFulfilment | ShipFulfilment
    reservation_id: str | None
    backorder: bool = False

    @property
    def name(self) -> Name | None:
        """What the channel calls it, if it has a name."""
        return None if self.external_id is None else (self.channel, self.external_id)


@dataclass(frozen=True, slots=True)
class Placed:
    """The order that answers a command: its own, or the `first` one that its channel gave this name."""

    order_id: str
    is_first: bool


async def place(
    transaction: Transaction, commands: Sequence[Place], now: datetime, network: Network, candidates_limit: int
) -> list[Placed | DomainError]:
    """Store and announce the orders; one outcome for each, in order. A name that is taken answers with its order."""
    plans = {command.order_id: _plan(command, network, candidates_limit) for command in commands}
    possible = [_stored(command) for command in commands if isinstance(plans[command.order_id], Plan)]
    stored = {order.order_id for order in await placements.insert(transaction, possible, State.PENDING, CAUSE, now)}
    # Names that an order has already; it answers also where it could not be placed now.
    known = await placements.named(
        transaction, [command.name for command in commands if command.name and command.order_id not in stored]
    )
    announce(
        transaction,
        [
            _event(command, plan, now)
            for command in commands
            if command.order_id in stored and isinstance(plan := plans[command.order_id], Plan)
        ],
    )
    announce(transaction, slot_requests((command for command in commands if command.order_id in stored), now))
    return [_outcome(command, stored, known, plans) for command in commands]


def _plan(command: Place, network: Network, candidates_limit: int) -> Plan | DomainError:
    try:
        return plan(command.channel, command.fulfilment, network, candidates_limit)
    except Refused as refused:
        return as_domain_error(refused)


def _stored(command: Place) -> PlacedOrder:
    return PlacedOrder(
        order_id=command.order_id,
        channel=command.channel,
        external_id=command.external_id,
        member_id=command.member_id,
        currency=command.currency,
        method=command.fulfilment.method,
        fulfilment=command.fulfilment.model_dump_json(),
        lines=command.lines,
        backorder=command.backorder,
    )


def _event(command: Place, plan: Plan, now: datetime) -> Event:
    data = OrderPlaced(
        order_id=command.order_id,
        channel=command.channel,
        member_id=command.member_id,
        lines=list(command.lines),
        fulfilment=command.fulfilment,
        sourcing=Sourcing.model_validate(plan, from_attributes=True),
        reservation_id=command.reservation_id,
        backorder=command.backorder,
    )
    return PLACED.event(data, event_id=new_id(), source=SOURCE, time=now)


def _outcome(
    command: Place, stored: set[str], known: Mapping[Name, str], plans: Mapping[str, Plan | DomainError]
) -> Placed | DomainError:
    if command.order_id in stored:
        return Placed(command.order_id, is_first=True)
    if command.name is not None and command.name in known:
        return Placed(known[command.name], is_first=False)
    refusal = plans[command.order_id]
    assert isinstance(refusal, DomainError)
    return refusal
