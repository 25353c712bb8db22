"""Where else an order's units may come from: its own policy over the places that are known now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.orders.domain.alternatives import nearest_stores
from services.orders.domain.orders import Order
from services.orders.domain.reassignments import Elsewhere
from services.orders.domain.sourcing import Network, Plan
from services.orders.store.locations import Networks
from services.orders.usecases.sourcing import point_of
from shared.contracts.orders import FULFILMENT, PickupFulfilment
from shared.database import Transaction


@dataclass(frozen=True, slots=True)
class Repairs:
    """What it takes to find other places: `candidates_limit` of them for each try, `tries_limit` tries for an item."""

    networks: Networks
    candidates_limit: int
    tries_limit: int

    async def elsewhere(self, transaction: Transaction, now: datetime) -> Elsewhere:
        return self.over(await self.networks.today(transaction, now))

    def over(self, network: Network) -> Elsewhere:
        """The places of a network that was read already."""

        def plan(order: Order, location_id: str, failed: Sequence[str]) -> Plan | None:
            fulfilment = FULFILMENT.validate_json(order.fulfilment)
            if isinstance(fulfilment, PickupFulfilment):
                if fulfilment.ship_to_store:
                    return network.transfer_instead_of(
                        location_id, fulfilment.location_id, self.candidates_limit, failed
                    )
                if not fulfilment.alternatives:
                    return None
                return nearest_stores(network, location_id, failed, self.candidates_limit)
            return network.ship_instead_of(
                location_id,
                point_of(fulfilment),
                fulfilment.policy,
                self.candidates_limit,
                channel=order.channel,
                failed=failed,
            )

        return Elsewhere(plan, self.tries_limit)
