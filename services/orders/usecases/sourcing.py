"""Where inventory is asked to promise an order from: the channel's routing policy over the places known now."""

from services.orders.domain.places import Point
from services.orders.domain.refusals import Refused
from services.orders.domain.sourcing import Network, Plan
from shared.contracts.orders import Fulfilment, PickupFulfilment, ShipFulfilment


def with_channels_split(channel: str, fulfilment: Fulfilment, network: Network) -> Fulfilment:
    """The fulfilment with its channel's way of splitting, where it does not name one itself.

    It is kept with the order, so that units that are sourced elsewhere later follow the same one.
    """
    if isinstance(fulfilment, PickupFulfilment) or "policy" in fulfilment.model_fields_set:
        return fulfilment
    return fulfilment.model_copy(update={"policy": network.policy_of(channel)})


def knows_places_for(fulfilment: Fulfilment, network: Network) -> bool:
    """Whether there is a place at all that such an order could be promised from."""
    try:
        if isinstance(fulfilment, PickupFulfilment):
            network.require_pickup(fulfilment.location_id)
        else:
            network.require_shipping()
    except Refused:
        return False
    return True


def plan(channel: str, fulfilment: Fulfilment, network: Network, candidates_limit: int) -> Plan:
    """Where inventory is asked for such an order. Raises Refused where there is no place to ask."""
    if isinstance(fulfilment, PickupFulfilment):
        if fulfilment.ship_to_store:
            return network.pickup_with_transfers(fulfilment.location_id, candidates_limit)
        return network.pickup_at(fulfilment.location_id)
    return network.ship_to(point_of(fulfilment), fulfilment.policy, candidates_limit, channel=channel)


def point_of(fulfilment: ShipFulfilment) -> Point | None:
    """Where it is shipped to, as far as that is known."""
    to = fulfilment.destination
    return None if to.latitude is None or to.longitude is None else (to.latitude, to.longitude)
