"""Sourcing: the ranked places that inventory is asked to promise an order from."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace

from services.orders.domain.places import Place, Point, chord, vector_of
from services.orders.domain.refusals import Refused
from services.orders.domain.routing import DEFAULT_POLICY, POLICY_OF_SPLIT, Admitted, RoutingPolicy, route
from services.orders.domain.routing_rules import Demand


@dataclass(frozen=True, slots=True)
class Plan:
    """How inventory may combine the candidates, and which, in order of preference.

    `keep_back` is units of every item that stay at a place. `tiers` says how many candidates are equally good, group
    by group; without it each stands for itself.
    """

    policy: str
    candidates: Sequence[str]
    keep_back: Mapping[str, int] = field(default_factory=dict)
    tiers: Sequence[int] = ()


class Network:
    """All places and every channel's routing policy, ready for many orders."""

    def __init__(self, places: Iterable[Place], policies: Mapping[str, RoutingPolicy] | None = None) -> None:
        self.places = {place.location_id: place for place in sorted(places, key=lambda place: place.location_id)}
        self._shipping = [place for place in self.places.values() if place.ships]
        self._policies = policies or {}
        self._used: Mapping[str, int] = {}
        self._expected: Counter[str] = Counter()

    def with_used(self, used: Mapping[str, int]) -> "Network":
        """The same network on a day on which places were promised so many orders from already.

        Orders that are planned with it are expected at the place that they name first.
        """
        today = copy(self)
        today._used = used
        today._expected = Counter(used)
        return today

    def routing_policy(self, channel: str) -> RoutingPolicy:
        return self._policies.get(channel, DEFAULT_POLICY)

    def policy_of(self, channel: str) -> str:
        """How inventory may combine places for an order of this channel that does not say so itself."""
        return POLICY_OF_SPLIT[self.routing_policy(channel).split]

    def looks_at_capacity(self, channels: Iterable[str] | None = None) -> bool:
        """Whether what places have taken on today matters for an order of these channels; without them, of any."""
        policies = self._policies.values() if channels is None else map(self.routing_policy, set(channels))
        return any(policy.looks_at_capacity for policy in policies)

    def demand(self, destination: Point | None) -> Demand:
        return Demand(None if destination is None else vector_of(destination), self._used)

    def require_pickup(self, location_id: str) -> None:
        """Raises Refused where the store is unknown or hands nothing out."""
        place = self.places.get(location_id)
        if place is None or not place.offers_pickup:
            lack = "is not known here" if place is None else "does not offer pickup"
            raise Refused("unknown_location", f"The location {location_id} {lack}.", "/fulfilment/location_id")

    def require_shipping(self) -> None:
        """Raises Refused where nothing ships at all."""
        if not self._shipping:
            raise Refused("unknown_location", "No location that ships is known here.", "/fulfilment")

    def pickup_at(self, location_id: str) -> Plan:
        """The one store that the customer chose. Raises Refused where it is unknown or hands nothing out."""
        self.require_pickup(location_id)
        return Plan("single_location", [location_id])

    def pickup_with_transfers(self, location_id: str, limit: int) -> Plan:
        """The store that the customer chose first, then the places that ship, the nearest to it first.

        At most `limit` candidates. Raises Refused where the store is unknown or hands nothing out.
        """
        self.require_pickup(location_id)
        return Plan("in_order", self._nearest(location_id)[:limit])

    def transfer_instead_of(
        self, short: str, location_id: str, limit: int, failed: Collection[str] = ()
    ) -> Plan | None:
        """The same places but the one that is short and those that `failed` before; None where no other is left."""
        candidates = [place for place in self._nearest(location_id) if place not in {short, *failed}]
        return Plan("in_order", candidates[:limit]) if candidates else None

    def _nearest(self, location_id: str) -> list[str]:
        """A place, and all that ship to it by their distance."""
        here = self.places.get(location_id)
        others = (place for place in self._shipping if place is not here)
        ranked = sorted(others, key=lambda place: chord(place.vector, None if here is None else here.vector))
        return [location_id, *(place.location_id for place in ranked)]

    def ship_to(self, destination: Point | None, policy: str, limit: int, *, channel: str = "") -> Plan:
        """The places that the channel's routing policy lets in, in its order; at most `limit` candidates.

        Raises Refused where nothing ships at all, or where the policy leaves no place.
        """
        self.require_shipping()
        plan = self._plan(destination, policy, limit, channel, ())
        if plan is None:
            detail = f"The routing policy of the channel {channel} leaves no place for this order now."
            raise Refused("not_sourceable", detail)
        return plan

    def ship_instead_of(
        self,
        short: str,
        destination: Point | None,
        policy: str,
        limit: int,
        *,
        channel: str = "",
        failed: Collection[str] = (),
    ) -> Plan | None:
        """The same places but the one that is short and those that `failed` before; None where no other is left."""
        return self._plan(destination, policy, limit, channel, {short, *failed})

    def _plan(
        self, destination: Point | None, policy: str, limit: int, channel: str, without: Collection[str]
    ) -> Plan | None:
        routing = self.routing_policy(channel)
        places = self._shipping
        if without:
            places = [place for place in places if place.location_id not in without]
        candidates: list[str] = []
        keep_back: dict[str, int] = {}
        tiers: list[int] = []
        for demand, (rule, ranked) in self._routed(routing, places, self.demand(destination)):
            asked = ranked[: limit - len(candidates)]
            names = [place.location_id for place in asked]
            candidates += names
            if rule.keep_back:
                keep_back |= dict.fromkeys(names, rule.keep_back)
            if routing.looks_at_stock:
                tiers += rule.tiers(asked, demand)
        if routing.looks_at_capacity:
            self._expected.update(candidates[:1])
        return Plan(policy, candidates, keep_back, tiers) if candidates else None

    def _routed(
        self, routing: RoutingPolicy, places: Sequence[Place], demand: Demand
    ) -> Iterable[tuple[Demand, Admitted]]:
        """What the rules take, and by which demand.

        A place that would be full, if every order that is under way came from where it names first, comes after all
        others: only the orders that were promised from it leave it out, for an expectation may be wrong.
        """
        if not routing.looks_at_capacity:
            return [(demand, admitted) for admitted in route(routing, places, demand)]
        expected = replace(demand, used=self._expected)
        first = [(expected, admitted) for admitted in route(routing, places, expected)]
        taken = {place.location_id for _, (_, ranked) in first for place in ranked}
        others = [place for place in places if place.location_id not in taken]
        return first + [(demand, admitted) for admitted in route(routing, others, demand)]
