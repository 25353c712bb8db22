"""What sourcing is told as data: the routing policy of a channel, and what a place can do in a day."""

from datetime import datetime

from services.orders.domain.routing import RoutingPolicy
from services.orders.store import capacities, routing_policies
from shared.contracts.values import Money
from shared.database import Transaction
from shared.errors import InvalidRequest


async def put_routing_policy(transaction: Transaction, channel: str, policy: RoutingPolicy, now: datetime) -> bool:
    """Store the policy: it decides about every order that is placed from now on. True where the channel had none."""
    return await routing_policies.put(transaction, channel, policy, now)


async def put_capacity(
    transaction: Transaction, location_id: str, orders_per_day: int | None, cost: Money | None, now: datetime
) -> bool:
    """Store what a place can do; True where nothing was said about it before.

    Costs are compared, so raises `invalid_request` for one in another currency than the other places'.
    """
    if cost is not None:
        other = await capacities.other_currency(transaction, location_id, cost.currency)
        if other is not None:
            raise InvalidRequest("/cost_per_parcel/currency", f"the other places tell their cost in {other}")
    return await capacities.put(transaction, location_id, orders_per_day, cost, now)
