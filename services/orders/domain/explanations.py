"""Why an order would come from where it would: a verdict on every place that is known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from services.orders.domain.places import Place, Point
from services.orders.domain.routing import exclusions, route
from services.orders.domain.sourcing import Network, Plan


class Verdict(StrEnum):
    CHOSEN = "chosen"
    NOT_NEEDED = "not_needed"
    NOT_HELD = "not_held"
    LACKS_STOCK = "lacks_stock"
    BEYOND_LIMIT = "beyond_limit"
    EXCLUDED = "excluded"


@dataclass(frozen=True, slots=True)
class Reason:
    """`code` is stable, `detail` is for a person; `rule` is the routing rule that says it, `sku` the item it names."""

    code: str
    detail: str
    rule: str | None = None
    sku: str | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """What inventory would let a place give of one line; `held_back_by` is why it is not all."""

    sku: str
    requested: int
    could_give: int
    held_back_by: str | None


@dataclass(frozen=True, slots=True)
class Decision:
    """What inventory would do: units by place and sku, and what each candidate could give.

    `refusal` is why it would hold nothing; None where it would hold all.
    """

    refusal: Reason | None
    given: Mapping[str, Mapping[str, int]]
    offers: Mapping[str, Sequence[Offer]]


@dataclass(frozen=True, slots=True)
class Explanation:
    """`position` counts the candidates from 1; `rule` is the one that the place stands under."""

    place: Place
    verdict: Verdict
    reasons: Sequence[Reason]
    position: int | None = None
    rule: str | None = None


def explain_pickup(network: Network, location_id: str, plan: Plan, decision: Decision) -> list[Explanation]:
    """The store that the customer chose, then those that may send to it, then all others."""
    other = [Reason("not_the_chosen_store", f"The customer collects at {location_id}.")]
    candidates = [
        _candidate(network.places[candidate], position, None, plan, decision)
        for position, candidate in enumerate(plan.candidates, start=1)
    ]
    return candidates + [
        Explanation(place, Verdict.EXCLUDED, other)
        for place in network.places.values()
        if place.location_id not in plan.candidates
    ]


def explain_shipping(
    network: Network, channel: str, destination: Point | None, plan: Plan | None, decision: Decision | None
) -> list[Explanation]:
    """The candidates in their order, then those that the limit left out, then those that the policy leaves out.

    Without a plan, and so without a decision, there is no candidate.
    """
    policy, demand = network.routing_policy(channel), network.demand(destination)
    candidates = plan.candidates if plan is not None else ()
    explained = []
    admitted = [
        (place, rule.name)
        for rule, ranked in route(policy, [place for place in network.places.values() if place.ships], demand)
        for place in ranked
    ]
    for position, (place, rule_name) in enumerate(admitted, start=1):
        if position <= len(candidates) and plan is not None and decision is not None:
            explained.append(_candidate(place, position, rule_name, plan, decision))
        else:
            beyond = Reason("beyond_limit", f"At most {len(candidates)} places are asked, and it comes after them.")
            explained.append(Explanation(place, Verdict.BEYOND_LIMIT, [beyond], None, rule_name))
    named = {place.location_id for place, _ in admitted}
    for place in network.places.values():
        if place.location_id not in named:
            faults = exclusions(policy, place, demand) if place.ships else ()
            reasons = [Reason(fault.filter, f"It {fault.reason}.", fault.rule) for fault in faults]
            no_parcels = [Reason("does_not_ship", "No parcel leaves from there.")]
            explained.append(Explanation(place, Verdict.EXCLUDED, reasons or no_parcels))
    return explained


def _candidate(place: Place, position: int, rule: str | None, plan: Plan, decision: Decision) -> Explanation:
    given = decision.given.get(place.location_id)
    offers = decision.offers.get(place.location_id, ())
    lacks = [_lack(offer, place, plan) for offer in offers if offer.could_give < offer.requested]
    if given:
        gives = ", ".join(f"{units} of {sku}" for sku, units in sorted(given.items()))
        return Explanation(place, Verdict.CHOSEN, [Reason("gives", f"It gives {gives}."), *lacks], position, rule)
    must_have_all = plan.policy == "single_location"
    if not any(offer.could_give for offer in offers) or (must_have_all and lacks):
        return Explanation(place, Verdict.LACKS_STOCK, lacks, position, rule)
    if decision.refusal is not None:
        return Explanation(place, Verdict.NOT_HELD, [decision.refusal, *lacks], position, rule)
    enough = Reason("not_needed", "Other places are enough, and preferred to it.")
    return Explanation(place, Verdict.NOT_NEEDED, [enough, *lacks], position, rule)


_WHY = {
    "none_there": "there is none",
    "too_few_there": "there are too few",
    "buffer": "the channel's buffer stays there",
    "share": "the channel sees a share of what is there",
    "cap": "the channel has promised as many as it may",
}


def _lack(offer: Offer, place: Place, plan: Plan) -> Reason:
    code = offer.held_back_by or "too_few_there"
    why = _WHY.get(code, code)
    if code == "kept_back":
        why = f"{plan.keep_back.get(place.location_id, 0)} of every item stay there"
    return Reason(code, f"{offer.could_give} of {offer.requested} {offer.sku}: {why}.", None, offer.sku)
